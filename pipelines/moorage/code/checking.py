"""Whether the code that a spec names is there and fits it, found by parsing: nothing of the user's is imported."""

import ast
import importlib.util
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from moorage.code.archive import File
from moorage.code.files import matching
from moorage.code.functions import Definition, Elsewhere, Function, definitions, may_define_more, signature
from moorage.code.imports import parsed
from moorage.code.sources import Sources, is_ours, module_of, sources
from moorage.errors import Problem, SpecError
from moorage.spec.finding import Finding, did_you_mean
from moorage.spec.finding import Path as At
from moorage.spec.models import Pipeline, Step
from moorage.spec.reading import document

_HOPS = 20


def problems_in_code(pipeline: Pipeline, folder: Path, source: Path | None = None) -> list[Problem]:
    """Return what is wrong between `pipeline` and the code below its source roots.

    `folder` is that of the spec; `source` is its file, from which the places of problems are read.
    Modules that are installed, and not below a source root, are taken on trust.
    """
    try:
        found = list(_findings(pipeline, folder))
    except SpecError as error:
        return list(error.problems)
    places = document(source) if source and found else None
    return [finding.problem(places.where(finding.path, finding.at_key) if places else None) for finding in found]


def _findings(pipeline: Pipeline, folder: Path) -> Iterator[Finding]:
    missing = [Finding(("code", at), f"source root {path!r} is no folder", "give a folder, relative to the spec")
               for at, path in enumerate(pipeline.code) if not (folder / path).is_dir()]  # fmt: skip
    yield from missing
    for index, step in enumerate(pipeline.steps):
        yield from _bento(step, ("steps", index, "bento", "path"), folder)
    if missing:
        return
    roots = sources(pipeline, folder)
    for index, glob in enumerate(pipeline.include):
        if not any(matching(root.names, glob) for root in roots.roots):
            fix = "globs are relative to the source roots, and match no hidden or git-ignored file"
            yield Finding(("include", index), f"glob {glob!r} matches no file", fix)
    finder = _Finder(roots)
    for index, step in enumerate(pipeline.steps):
        yield from _step(finder, step, ("steps", index))


def _bento(step: Step, at: At, folder: Path) -> Iterator[Finding]:
    if step.bento is None:
        return
    context = folder / step.bento.path
    if not context.is_dir():
        yield Finding(at, f"step {step.name!r} builds {step.bento.path!r}, which is no folder", "correct the path")
    elif not (context / "bentofile.yaml").is_file() and not (context / "service.py").is_file():
        message = f"step {step.name!r} builds {step.bento.path!r}, which has no bentofile.yaml and no service.py"
        yield Finding(at, message, "add a service.py there, or correct the path")


def _step(finder: "_Finder", step: Step, at: At) -> Iterator[Finding]:
    contracts = [
        ((*at, field, name, "contract"), item.contract)
        for field, items in (("inputs", step.inputs), ("outputs", step.outputs))
        for name, item in items.items()
    ]
    for path, contract in contracts:
        if contract:
            found = finder.find(path, contract, f"contract {contract!r} of step {step.name!r}")
            if isinstance(found, Finding):
                yield found
            elif isinstance(found, Function):
                yield Finding(path, f"contract {contract!r} of step {step.name!r} is a function", "name a schema")
    if step.run:
        path = (*at, "run")
        found = finder.find(path, step.run, f"`run` of step {step.name!r}")
        if isinstance(found, Finding):
            yield found
        elif isinstance(found, Function):
            yield from _arguments(step, found, at)


def _arguments(step: Step, function: Function, at: At) -> Iterator[Finding]:
    takes = signature(function)
    if takes is None:
        return
    given = {name: "inputs" for name, item in step.inputs.items() if item.source or item.uri is not None}
    given |= dict.fromkeys(step.parameters, "parameters")
    for name, part in given.items():
        if name in takes.positional_only:
            message = f"{step.run} takes {name!r} by position only; step {step.name!r} gives it by name"
            yield Finding((*at, part, name), message, "remove the `/` from the function's arguments", at_key=True)
        elif name not in takes.takes and not takes.open_ended:
            message = f"step {step.name!r} gives {name!r}, which {step.run} does not take"
            yield Finding((*at, part, name), message, did_you_mean(name, takes.takes, "add the argument"), at_key=True)
    for name in takes.needs:
        if name not in given and name not in step.outputs:
            message = f"{step.run} needs {name!r}, which step {step.name!r} does not give"
            fix = f"add {name!r} to its inputs or parameters, or give the argument a default"
            yield Finding((*at, "run"), message, fix)


class _Finder:
    """Finds names in the source roots; each module is parsed once."""

    def __init__(self, roots: Sources) -> None:
        self.roots = roots
        self.modules: dict[str, tuple[ast.Module, dict[str, Definition]] | None] = {}
        self.found: dict[str, Definition | None] = {}

    def find(self, at: At, reference: str, subject: str) -> Definition | Finding | None:
        """Return what `module:name` is; None when that cannot be seen from here."""
        if reference in self.found:  # many steps may share a function
            return self.found[reference]
        found = self._look_for(at, reference, subject)
        if not isinstance(found, Finding):
            self.found[reference] = found
        return found

    def _look_for(self, at: At, reference: str, subject: str) -> Definition | Finding | None:
        module, _, name = reference.partition(":")
        for _hop in range(_HOPS):
            top = module.partition(".")[0]
            held = self.roots.module(module)
            if held is None:
                known = is_ours(top) or (self.roots.root_of(top) is None and _is_installed(top))
                return None if known else self._no_module(at, module, subject)
            read = self._read(module, *held)
            if read is None:
                return Finding(at, f"{held[0]}, which holds {subject}, is not Python that can be parsed", "correct it")
            tree, found = read
            if name not in found:
                return None if may_define_more(tree) else self._no_name(at, module, name, subject, found)
            definition = found[name]
            if not isinstance(definition, Elsewhere) or definition.name is None:
                return definition
            module, name = definition.module, definition.name
        return None

    def _read(self, module: str, name: str, file: File) -> tuple[ast.Module, dict[str, Definition]] | None:
        if name not in self.modules:
            tree = parsed(file.data)
            is_package = name.endswith("__init__.py")
            self.modules[name] = None if tree is None else (tree, definitions(tree, module, is_package))
        return self.modules[name]

    def _no_name(self, at: At, module: str, name: str, subject: str, found: dict[str, Definition]) -> Finding:
        inner = f"{module}.{name}"
        if self.roots.module(inner):
            return Finding(at, f"{subject} is the module {inner!r}", f"name something in it: `{inner}:name`")
        fix = did_you_mean(name, _offered(found), "define it there")
        return Finding(at, f"module {module!r} has no {name!r}, which is {subject}", fix)

    def _no_module(self, at: At, module: str, subject: str) -> Finding:
        top = module.partition(".")[0]
        root = self.roots.root_of(top)
        places = ", ".join(str(root.folder) for root in self.roots.roots)
        if root is None:
            tops = [name for each in self.roots.roots for name in each.tops]
            message = f"{subject} names package {top!r}, which is neither below {places} nor installed"
            return Finding(at, message, did_you_mean(top, tops, "set `code` to the folder that holds it"))
        modules = [module_of(name) for name in root.files(top) if name.endswith(".py")]
        message = f"{subject} names module {module!r}, which is not there"
        return Finding(at, message, did_you_mean(module, modules, "write it, or correct the name"))


def _offered(found: dict[str, Definition]) -> list[str]:
    kinds = (Function, ast.ClassDef, ast.Assign)
    return [name for name, definition in found.items() if isinstance(definition, kinds) and not name.startswith("_")]


def _is_installed(top: str) -> bool:
    """Whether a package belongs to the interpreter, rather than to the folder that it was started in."""
    spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        return False
    paths = sysconfig.get_paths()
    places = [Path(paths[key]).resolve() for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    return spec.origin in ("built-in", "frozen") or any(Path(spec.origin).resolve().is_relative_to(at) for at in places)
