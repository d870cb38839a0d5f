"""Write a new project from the template beside this module: every file, or none."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from shutil import rmtree

from moorage.errors import SpecError
from moorage.init.names import Names

TEMPLATE = Path(__file__).parent / "template"
ENDING = ".template"
"""Every file of the template ends so, that no tool takes it for code of ours."""
DOT = "dot_"
"""What a leading dot is written as, that no tool takes the template's settings for ours."""
EXTRAS = "tables,models,serve"


def write_project(folder: Path, names: Names, moorage: str) -> tuple[Path, ...]:
    """Write a project into `folder`, which may be missing, and return the paths, relative to it.

    `moorage` is the requirement to install it by. SpecError when files are in the way; then nothing is written.
    """
    files = dict(_rendered({"NAME": names.name, "PACKAGE": names.package, "MOORAGE": moorage}))
    _refuse_to_overwrite(folder, files)
    above = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    with tempfile.TemporaryDirectory(dir=above, prefix=".moorage-init-") as scratch:
        stage = Path(scratch, "project")
        for path, text in files.items():
            (stage / path).parent.mkdir(parents=True, exist_ok=True)
            (stage / path).write_text(text, encoding="utf-8")
        _move(stage, folder, files)
    return tuple(files)


def requirement() -> str:
    """Return the line that installs this moorage again: a version, or the checkout that it came from."""
    found = distribution("moorage")
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    if "dir_info" in origin:
        return f"moorage[{EXTRAS}] @ {origin['url']}"
    if "vcs_info" in origin:
        vcs = origin["vcs_info"]
        return f"moorage[{EXTRAS}] @ {vcs['vcs']}+{origin['url']}@{vcs['commit_id']}"
    return f"moorage[{EXTRAS}]=={found.version}"


def _rendered(values: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    for source in sorted(TEMPLATE.rglob(f"*{ENDING}")):
        path = str(source.relative_to(TEMPLATE)).removesuffix(ENDING)
        yield Path(_filled(_dotted(path), values)), _filled(source.read_text(encoding="utf-8"), values)


def _dotted(path: str) -> str:
    return "/".join(f".{part.removeprefix(DOT)}" if part.startswith(DOT) else part for part in path.split("/"))


def _filled(text: str, values: Mapping[str, str]) -> str:
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _refuse_to_overwrite(folder: Path, files: Mapping[Path, str]) -> None:
    if folder.exists() and not folder.is_dir():
        raise SpecError(f"{folder} is a file", fix="name a new folder, or an empty one")
    blocking = {path: _in_the_way(folder, path) for path in files}
    found = list(dict.fromkeys(str(block) for block in blocking.values() if block is not None))
    if found:
        listed = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        raise SpecError(f"{folder} has files in the way: {listed}", fix="name a new folder, or move them away")


def _in_the_way(folder: Path, path: Path) -> Path | None:
    # The file itself, whatever it is, or a file where one of its folders must be.
    if os.path.lexists(folder / path):
        return path
    parents = (parent for parent in path.parents if os.path.lexists(folder / parent))
    return next((parent for parent in parents if not (folder / parent).is_dir()), None)


def _move(stage: Path, folder: Path, files: Mapping[Path, str]) -> None:
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        stage.rename(folder)
        return
    made: list[Path] = []
    try:
        for path in files:
            made += _make_parents(folder / path)
            (stage / path).rename(folder / path)
            made.append(folder / path)
    except BaseException:
        for path in reversed(made):
            rmtree(path) if path.is_dir() else path.unlink()
        raise


def _make_parents(path: Path) -> list[Path]:
    missing = [parent for parent in path.parents if not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    return missing[::-1]
