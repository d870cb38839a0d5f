"""The code that a run needs, as one archive: the steps' packages, and what these import from the same source roots."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from blake3 import blake3

from moorage.code.archive import File, pack
from moorage.code.files import listed, matching, read
from moorage.code.imports import Imports
from moorage.code.sources import Sources, imports_of, is_ours, named, sources
from moorage.errors import SpecError
from moorage.frozen import Frozen
from moorage.spec.models import Pipeline, Step

BENTOS = "bentos"
"""The folder of the archive that holds the context of each bento step."""


class Code(Frozen):
    """The archive of a run: `digest` is `blake3:<hex>` of `data`, the zip.

    `files` are the digests (hex) of its files, `imports` what its modules import, both by name in the archive.
    """

    digest: str
    data: bytes
    files: Mapping[str, str]
    imports: Mapping[str, Imports]


def collect(pipeline: Pipeline, folder: Path) -> Code:
    """Return the code of `pipeline`, whose spec lies in `folder`. SpecError for what is missing or may not travel."""
    roots = sources(pipeline, folder)
    files = _bentos(pipeline, folder)
    files |= _packages(roots, [*named(pipeline), *_commanded(pipeline, roots)], files)
    files |= _included(pipeline, roots)
    data = pack(files)
    return Code(
        digest=f"blake3:{blake3(data).hexdigest()}",
        data=data,
        files={name: blake3(file.data).hexdigest() for name, file in sorted(files.items())},
        imports={name: imports_of(name, file) for name, file in sorted(files.items()) if name.endswith(".py")},
    )


def bento_path(step: Step) -> str:
    """Return the folder inside the archive that holds the context of a bento step."""
    return f"{BENTOS}/{step.name}"


def _packages(roots: Sources, start: Iterable[str], importers: Mapping[str, File]) -> dict[str, File]:
    """Return the files of the packages in `start`, and of all that they and `importers` import from the roots."""
    found: dict[str, File] = {}
    done: set[str] = set()
    todo = [*start, *_imported(importers)]
    while todo:
        top = todo.pop()
        if top not in done:
            done.add(top)
            files = roots.files(top)
            found |= files
            todo += _imported(files)
    return found


def _imported(files: Mapping[str, File]) -> Iterable[str]:
    modules = [name for name in files if name.endswith(".py")]
    return {named.partition(".")[0] for name in modules for named in imports_of(name, files[name]).modules}


def _commanded(pipeline: Pipeline, roots: Sources) -> list[str]:
    """Return the packages that the words of commands name, as `acme` in `python -m acme.report`."""
    words = {
        word for step in pipeline.steps for part in step.command or () for word in re.findall(r"[A-Za-z_]\w*", part)
    }
    return sorted(word for word in words if roots.root_of(word) and not is_ours(word))


def _included(pipeline: Pipeline, roots: Sources) -> dict[str, File]:
    found: dict[str, File] = {}
    for glob in pipeline.include:
        matches = [(root, name) for root in roots.roots for name in matching(root.names, glob)]
        if not matches:
            fix = "globs are relative to the source roots, and match no hidden or git-ignored file"
            raise SpecError(f"`include` glob {glob!r} matches no file", fix=fix)
        for root, name in reversed(matches):  # the first root wins
            if file := read(root.folder, name):
                found[name] = file
    return found


def _bentos(pipeline: Pipeline, folder: Path) -> dict[str, File]:
    found: dict[str, File] = {}
    for step in pipeline.steps:
        if step.bento:
            context = (folder / step.bento.path).resolve()
            if not context.is_dir():
                raise SpecError(f"step {step.name!r} builds {context}, which is no folder", fix="correct `bento.path`")
            files = {name: read(context, name) for name in listed(context)}
            found |= {f"{bento_path(step)}/{name}": file for name, file in files.items() if file}
    return found
