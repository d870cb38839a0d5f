"""Things from outside a pipeline, pinned when its run starts to the bytes that they hold then."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from moorage.errors import SpecError
from moorage.spec.models import Input, Kind
from moorage.step.request import Artifact
from moorage.store import Store, open_store, put_directory, put_file


def pin(store: Store, item: Input, uri: str) -> Artifact:
    """Put what `uri` names into the store and return it as an artifact of the input's kind.

    SpecError when nothing is there, or when it is a folder and a file was asked for.
    """
    kind = item.kind or Kind.FILE
    with local_copy(uri) as path:
        if kind is Kind.DIRECTORY:
            blob = put_directory(store, _folder(path, uri), take=False)
        else:
            blob = put_file(store, _file(path, uri), take=False)
    return Artifact(kind.value, blob.digest, blob.size, filename=PurePosixPath(urlsplit(uri).path).name or None)


@contextmanager
def local_copy(uri: str) -> Iterator[Path]:
    """Yield a path that holds what `uri` names: itself when it is a path, else a copy for the time being."""
    scheme = urlsplit(uri).scheme if "://" in uri else ""
    if scheme in ("", "file"):
        yield Path(unquote(urlsplit(uri).path) if scheme else uri)
        return
    folder, _, name = uri.rpartition("/")
    with tempfile.TemporaryDirectory(prefix="moorage-") as scratch:
        copy = Path(scratch) / name
        copy.write_bytes(open_store(folder).get(name))
        yield copy


def _file(path: Path, uri: str) -> Path:
    if not path.is_file():
        seen = "is a folder" if path.is_dir() else "is not there"
        raise SpecError(f"{uri} {seen}; it was to be read as a file", fix="give the path or the URI of one file")
    return path


def _folder(path: Path, uri: str) -> Path:
    if not path.is_dir():
        seen = "is a file" if path.is_file() else "is not there"
        raise SpecError(f"{uri} {seen}; it was to be read as a folder", fix="give the path of a folder")
    return path
