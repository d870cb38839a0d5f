"""What a Bento carries and the digests of it: checked before a model is ever unpickled."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from moorage.errors import Corrupt, MoorageError, SpecError

MANIFEST = "moorage.json"
"""The manifest's file, beside `service.py`."""
SCHEMA = 1
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Part:
    """One file of a Bento, relative to its `service.py`; `digest` is `blake3:<64 hex>`."""

    file: str
    digest: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """What was packaged: the model, the contract of its requests, and what they were built with.

    Equal contents make equal manifests: the run that made the model stands in the registry, not here.
    """

    name: str
    version: str
    model: Part
    contract: Part
    moorage: str
    python: str
    packages: Mapping[str, str]
    schema: int = SCHEMA

    @property
    def tag(self) -> str:
        """The Bento's tag, `name:version`."""
        return f"{self.name}:{self.version}"


def digest_of(path: Path) -> str:
    """Return `blake3:<64 hex>` of a file, read in pieces."""
    with path.open("rb") as file:
        return _digest(file)


def part_of(path: Path, root: Path) -> Part:
    """Return what a manifest says of the file at `path`, below `root`."""
    return Part(path.relative_to(root).as_posix(), digest_of(path), path.stat().st_size)


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest beside `service.py`; equal manifests are equal bytes."""
    text = json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest in `folder`; SpecError when nothing was rendered there, Corrupt when it cannot be read."""
    try:
        data = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise _not_rendered(folder) from None
    except ValueError as error:
        raise Corrupt(f"{folder / MANIFEST} is not JSON: {error}", fix=_RENDER_AGAIN) from error
    return _manifest_from(data, folder)


def check_part(folder: Path, part: Part) -> None:
    """Raise Corrupt when the file is missing or is not the one that was packaged."""
    open_part(folder, part).close()


def open_part(folder: Path, part: Part) -> BinaryIO:
    """Return the file of `part`, open at its start, with its digest checked through this same handle."""
    try:
        file = (folder / part.file).open("rb")
    except OSError as error:
        raise Corrupt(f"{folder / part.file} cannot be read: {error.strerror}", fix=_RENDER_AGAIN) from error
    if (seen := _digest(file)) != part.digest:
        file.close()
        message = f"{folder / part.file} is not what was packaged: its digest is {seen}, {MANIFEST} says {part.digest}"
        raise Corrupt(message, fix=_RENDER_AGAIN)
    file.seek(0)
    return file


_RENDER_AGAIN = "moorage bento render MODEL FOLDER writes it again from the store"


def _digest(file: BinaryIO) -> str:
    from blake3 import blake3

    hasher = blake3()
    while chunk := file.read(_CHUNK):
        hasher.update(chunk)
    return f"blake3:{hasher.hexdigest()}"


def _not_rendered(folder: Path) -> MoorageError:
    model = folder.resolve().name.replace("_", "-")
    return SpecError(
        f"{folder} has a service but no model in it yet ({MANIFEST} is missing)",
        fix=f"run the pipeline that makes the model, then: moorage bento render {model} {folder}",
    )


def _manifest_from(data: Any, folder: Path) -> Manifest:
    schema = data.get("schema") if isinstance(data, dict) else None
    if isinstance(schema, int) and schema > SCHEMA:
        message = f"{folder / MANIFEST} has schema {schema}; this moorage reads up to {SCHEMA}"
        raise SpecError(message, fix="pip install --upgrade moorage")
    try:
        model, contract = Part(**data.pop("model")), Part(**data.pop("contract"))
        return Manifest(model=model, contract=contract, **data)
    except (AttributeError, KeyError, TypeError) as error:
        raise Corrupt(f"{folder / MANIFEST} lacks what a manifest has: {error}", fix=_RENDER_AGAIN) from error
