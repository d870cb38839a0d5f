"""Render a complete BentoML build folder: the service, its model, its contract, and exact requirements.

The model travels inside the Bento's source and not in BentoML's model store, so that an exported
Bento is whole by itself and every byte of it can be checked against the manifest.
"""

import platform
import shutil
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from moorage.errors import SpecError
from moorage_serving.manifest import MANIFEST, Manifest, digest_of, part_of, write_manifest
from moorage_serving.requirements import REQUIREMENTS, pinned, write_requirements

CONTRACT = "contract.json"
"""The compiled contract's file, beside `service.py`."""
_MODEL = "model"
_VENDORED = ("moorage/__init__.py", "moorage/errors.py", "moorage/frozen.py", "moorage/contracts", "moorage_serving")
"""What answers requests: it travels along, so that a Bento needs no moorage from an index, and never changes."""
_GENERATED = (_MODEL, CONTRACT, MANIFEST, REQUIREMENTS, "moorage", "moorage_serving")
_IGNORED = shutil.ignore_patterns("__pycache__", ".*", "*.pyc")


def render(context: Path, to: Path, *, name: str, model: Path, contract: Path, filename: str | None = None) -> Manifest:
    """Make `to` a folder in which `bentoml build` and `bentoml serve` work, and return its manifest.

    `to` may be `context` itself: only generated files are written there, and git ignores those.
    `filename` is what the model is called inside the Bento, its own name by default.
    """
    check_context(context)
    _clear(to)
    if context.resolve() != to.resolve():
        shutil.copytree(context, to, ignore=_ignore_generated(context), dirs_exist_ok=True)
    (to / _MODEL).mkdir()
    inside = shutil.copyfile(model, to / _MODEL / (filename or model.name))
    shutil.copyfile(contract, to / CONTRACT)
    for part in _VENDORED:
        _vendor(part, to)
    packages = pinned(context)
    write_requirements(packages, to)
    manifest = Manifest(
        name=name,
        version=_content_version(name, to),
        model=part_of(inside, to),
        contract=part_of(to / CONTRACT, to),
        moorage=version("moorage"),
        python=platform.python_version(),
        packages=packages,
    )
    write_manifest(manifest, to)
    return manifest


def check_context(context: Path) -> None:
    """Raise SpecError unless `context` is a folder that BentoML can build."""
    for needed in ("service.py", "bentofile.yaml"):
        if not (context / needed).is_file():
            message = f"{context} has no {needed}, so it is not a folder that BentoML can build"
            raise SpecError(message, fix="point `bento.path` at a folder with service.py and bentofile.yaml in it")


def _clear(to: Path) -> None:
    for name in _GENERATED:
        path = to / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _ignore_generated(context: Path) -> Callable[[str, list[str]], set[str]]:
    def ignore(folder: str, names: list[str]) -> set[str]:
        mine = set(_GENERATED) if Path(folder) == context else set()
        return _IGNORED(folder, names) | (mine & set(names))

    return ignore


def _vendor(part: str, to: Path) -> None:
    package, _, inside = part.partition("/")
    source = Path(str(import_module(package).__file__)).parent / inside
    if source.is_dir():
        shutil.copytree(source, to / part, ignore=_IGNORED)
    else:
        (to / package).mkdir(exist_ok=True)
        shutil.copyfile(source, to / part)


def _content_version(name: str, folder: Path) -> str:
    # The same content has the same tag, whoever builds it and when.
    from blake3 import blake3

    hasher = blake3(name.encode())
    for path in sorted(_content(folder)):
        hasher.update(f"\n{path.relative_to(folder).as_posix()} {digest_of(path)}".encode())
    return str(hasher.hexdigest()[:16])


def _content(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.name != MANIFEST
        and not any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts)
    ]
