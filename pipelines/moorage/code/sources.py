"""The packages and modules below a pipeline's source roots, as they would lie in the archive."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from moorage.code.archive import File
from moorage.code.files import listed, read
from moorage.code.imports import Imports, imports
from moorage.errors import SpecError
from moorage.spec.models import Pipeline, Step


class Root:
    """One source root; what it holds is listed when it is asked for, and once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held: dict[str, tuple[str, ...]] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All its files that may travel."""
        return listed(self.folder)

    @cached_property
    def tops(self) -> frozenset[str]:
        """The names of its folders, and of its modules that lie in none."""
        found = [
            path.name.removesuffix(".py") for path in self.folder.iterdir() if path.suffix == ".py" or path.is_dir()
        ]
        return frozenset(name for name in found if name.isidentifier())

    def files(self, top: str) -> tuple[str, ...]:
        """Return the files of the package or module `top`; none when it has no module."""
        if top not in self.tops:
            return ()
        if top not in self._held:
            names = listed(self.folder, top)
            self._held[top] = names if any(name.endswith(".py") for name in names) else ()
        return self._held[top]


class Sources:
    """All source roots of a pipeline; where two have a package of one name, the first wins."""

    def __init__(self, roots: tuple[Root, ...]) -> None:
        self.roots = roots
        self._files: dict[str, dict[str, File]] = {}

    def root_of(self, top: str) -> Root | None:
        """Return the root that holds the package or module `top`."""
        return next((root for root in self.roots if root.files(top)), None)

    def files(self, top: str) -> dict[str, File]:
        """Return the files of the package or module `top`, by their names in the archive."""
        if top not in self._files:
            root = None if is_ours(top) else self.root_of(top)
            names = root.files(top) if root else ()
            self._files[top] = {name: file for name in names if root and (file := read(root.folder, name))}
        return self._files[top]

    def module(self, module: str) -> tuple[str, File] | None:
        """Return the name and the file of `module` (`a.b`), if the roots hold it."""
        files = self.files(module.partition(".")[0])
        return next(((name, files[name]) for name in module_names(module) if name in files), None)


def sources(pipeline: Pipeline, folder: Path) -> Sources:
    """Return the source roots of `pipeline`, whose spec lies in `folder`.

    Without `code:` that is the folder itself, or the one above it when the spec lies inside the very
    package that its steps name.
    """
    if pipeline.code:
        return Sources(tuple(Root(_existing(folder, path)) for path in pipeline.code))
    here = Root(folder.resolve())
    inside = any(name == here.folder.name and not here.files(name) for name in named(pipeline))
    return Sources((Root(here.folder.parent) if inside else here,))


def named(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the top-level packages and modules that the steps' functions and contracts name, each once."""
    modules = [name for step in pipeline.steps for name in _functions(step)]
    return tuple(dict.fromkeys(name.partition(":")[0].partition(".")[0] for name in modules))


def is_ours(top: str) -> bool:
    """Whether a package is moorage's own: it is in every image, and never travels."""
    return top == "moorage" or top.startswith("moorage_")


def module_names(module: str) -> tuple[str, str]:
    """Return the two files that a module may be."""
    path = module.replace(".", "/")
    return f"{path}.py", f"{path}/__init__.py"


def module_of(name: str) -> str:
    """Return the module that the file `name` is: `a.b` for `a/b.py` and for `a/b/__init__.py`."""
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports_of(name: str, file: File) -> Imports:
    """Return what the module in the file `name` imports."""
    return imports(file.data, module_of(name), name.endswith("__init__.py"))


def _functions(step: Step) -> Iterator[str]:
    if step.run:
        yield step.run
    contracts = [item.contract for item in step.inputs.values()] + [item.contract for item in step.outputs.values()]
    yield from (contract for contract in contracts if contract)


def _existing(folder: Path, path: str) -> Path:
    root = (folder / path).resolve()
    if not root.is_dir():
        raise SpecError(
            f"source root {path!r} of `code` is no folder: {root}", fix="give a folder, relative to the spec"
        )
    return root
