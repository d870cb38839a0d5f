"""What a step's code is, as one digest: the part of its key that changes when its code does, and only then."""

from collections.abc import Iterable

from blake3 import blake3

from moorage.code.collecting import BENTOS, Code, bento_path
from moorage.code.imports import Imports
from moorage.code.sources import module_names, module_of
from moorage.spec.models import Step, StepKind


def step_digest(code: Code, step: Step) -> str:
    """Return the digest of what a job step runs: a function's modules, a bento's context, all code for a command."""
    if step.run:
        return module_digest(code, step.run)
    if step.kind is StepKind.BENTO:
        context = [name for name in code.files if name.startswith(f"{bento_path(step)}/")]
        return _digest(code, _reached(code, context))
    return _digest(code, _common(code))


def module_digest(code: Code, function: str) -> str:
    """Return `blake3:<hex>` of the modules that `function` (`package.module:name`) can reach by imports.

    What cannot be known from a module's text counts as its whole package. Files that are no modules count when
    their package is reached, and included ones always, since code may read them. A function that is installed,
    and not in the archive, has the digest of no files.
    """
    return _digest(code, _reached(code, _found(code, function.partition(":")[0])))


def _reached(code: Code, start: Iterable[str]) -> set[str]:
    modules: set[str] = set()
    todo = list(start)
    while todo:
        name = todo.pop()
        if name in modules:
            continue
        modules.add(name)
        if seen := code.imports.get(name):
            todo += [found for module in seen.modules for found in _found(code, module)]
            if _is_opaque(code, seen):
                todo += [other for other in code.files if _top(other) == _top(name)]
    tops = {_top(name) for name in modules}
    return modules | {name for name in code.files if _is_data(code, name) and _top(name) in tops | _loose(code)}


def _found(code: Code, module: str) -> list[str]:
    """Return the files that importing `module` runs, the packages above it included."""
    parts = module.split(".")
    above = [".".join(parts[: end + 1]) for end in range(len(parts))]
    return [name for part in above for name in module_names(part) if name in code.files]


def _is_opaque(code: Code, seen: Imports) -> bool:
    return seen.dynamic or any(not _found(code, star) for star in seen.stars)


def _is_data(code: Code, name: str) -> bool:
    return name not in code.imports


def _loose(code: Code) -> set[str]:
    """Return the top-level folders without a module: they are there by `include` only."""
    packages = {_top(name) for name in code.imports}
    return {_top(name) for name in _common(code)} - packages


def _common(code: Code) -> set[str]:
    return {name for name in code.files if not name.startswith(f"{BENTOS}/")}


def _top(name: str) -> str:
    """Return the package that a file belongs to; a bento's context is one of its own."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == BENTOS else module_of(parts[0])


def _digest(code: Code, names: Iterable[str]) -> str:
    listing = "".join(f"{code.files[name]} {name}\n" for name in sorted(names))
    return f"blake3:{blake3(listing.encode('utf-8', 'surrogateescape')).hexdigest()}"
