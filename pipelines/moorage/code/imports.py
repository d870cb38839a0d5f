"""What a module imports, read from its text: nothing is ever imported to find out."""

import ast
import warnings
from collections.abc import Iterator
from functools import cache

from moorage.frozen import Frozen

_DYNAMIC_NAMES = {"__import__", "exec", "eval", "import_module", "run_module", "run_path"}
_DYNAMIC_ATTRIBUTES = {
    "import_module", "run_module", "run_path", "iter_modules", "walk_packages", "spec_from_file_location",
}  # fmt: skip


class Imports(Frozen):
    """The modules that a module names, `a.b` for each of `import a.b` and `from a import b`.

    `stars` are those it takes everything from. `dynamic`: it may import others, which its text does not show.
    """

    modules: tuple[str, ...]
    stars: tuple[str, ...] = ()
    dynamic: bool = False


def parsed(text: bytes) -> ast.Module | None:
    """Return the syntax tree of a module's text; None when it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python thinks of the style is not ours to say
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # ValueError: a NUL in the text
        return None


@cache  # collecting needs it twice
def imports(text: bytes, module: str, is_package: bool) -> Imports:
    """Return what `text` imports, relative names made absolute for `module`."""
    tree = parsed(text)
    if tree is None:
        return Imports((), dynamic=True)
    package = module if is_package else module.rpartition(".")[0]
    found: dict[str, None] = {}
    stars: dict[str, None] = {}
    dynamic = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(dict.fromkeys(alias.name for alias in node.names))
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, package)
            names = [alias.name for alias in node.names]
            found.update(dict.fromkeys(_joined(base, names)))
            stars.update({base: None} if "*" in names else {})
        dynamic = dynamic or _is_dynamic(node)
    return Imports(tuple(found), tuple(stars), dynamic)


def absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the module that `node` imports from, in a module of `package`."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1]
    return ".".join([*above, *(node.module or "").split(".")]).strip(".")


def _joined(base: str, names: list[str]) -> Iterator[str]:
    yield base
    for name in names:
        if name != "*":
            yield f"{base}.{name}".strip(".")


def _is_dynamic(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in _DYNAMIC_NAMES
    if isinstance(node, ast.alias):  # from importlib import import_module as load
        return node.name in _DYNAMIC_ATTRIBUTES
    return isinstance(node, ast.Attribute) and node.attr in _DYNAMIC_ATTRIBUTES
