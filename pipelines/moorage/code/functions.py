"""Functions and classes in a module's syntax tree: what it defines, and which arguments a function takes."""

import ast
from collections.abc import Iterator

from moorage.code.imports import absolute
from moorage.frozen import Frozen

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Elsewhere(Frozen):
    """A name that a module imports: `name` of `module`, or the module itself."""

    module: str
    name: str | None


Definition = Function | ast.ClassDef | Elsewhere | ast.Assign | ast.AnnAssign


class Signature(Frozen):
    """The arguments of a function that may be given by name; `open_ended` is a `**kwargs`."""

    takes: tuple[str, ...]
    needs: tuple[str, ...]
    positional_only: tuple[str, ...]
    open_ended: bool


def definitions(tree: ast.Module, module: str, is_package: bool) -> dict[str, Definition]:
    """Return what stands at the top level of a module by its name, `if` and `try` looked into; the last wins."""
    package = module if is_package else module.rpartition(".")[0]
    return {name: found for node in _statements(tree.body) for name, found in _named(node, package)}


def may_define_more(tree: ast.Module) -> bool:
    """Whether a module may have names that its text does not show: by `import *`, or by `__getattr__`."""
    for node in _statements(tree.body):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            return True
        if isinstance(node, ast.FunctionDef) and node.name == "__getattr__":
            return True
    return False


def signature(function: Function) -> Signature | None:
    """Return the arguments of `function`; None when a decorator may have changed them."""
    if function.decorator_list:
        return None
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = [argument.arg for argument in positional[: len(positional) - len(arguments.defaults)]]
    defaults = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    required += [argument.arg for argument, default in defaults if default is None]
    return Signature(
        takes=tuple(argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)),
        needs=tuple(required),
        positional_only=tuple(argument.arg for argument in arguments.posonlyargs),
        open_ended=arguments.kwarg is not None,
    )


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        for field in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                yield from _statements(getattr(node, field, []))
        for handler in node.handlers if isinstance(node, ast.Try) else ():
            yield from _statements(handler.body)


def _named(node: ast.stmt, package: str) -> Iterator[tuple[str, Definition]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name, node
    elif isinstance(node, ast.Assign):
        yield from (
            (name.id, node) for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)
        )
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node
    elif isinstance(node, ast.ImportFrom):
        base = absolute(node, package)
        yield from ((alias.asname or alias.name, Elsewhere(base, alias.name)) for alias in node.names)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield alias.asname or top, Elsewhere(alias.name if alias.asname else top, None)
