"""Folders as blobs: every file a blob, and a manifest of their names that is itself a blob."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from moorage.errors import Corrupt, SpecError
from moorage.store.blobs import Blob, fetch_file, is_digest, put_bytes, put_file, read_blob
from moorage.store.failures import folder_errors
from moorage.store.store import Store

_AT_ONCE = 16
T = TypeVar("T")
R = TypeVar("R")


class Item(NamedTuple):
    """One file of a directory: its path below it, its bytes, and whether it may be executed."""

    path: str
    digest: str
    size: int
    executable: bool


class Manifest(NamedTuple):
    """All files of a directory, sorted by path, and the folders that have nothing in them."""

    files: tuple[Item, ...]
    folders: tuple[str, ...]


def put_directory(store: Store, path: Path, *, take: bool) -> Blob:
    """Store every file below `path`; the digest is that of the manifest, the size the sum of the files'.

    `take` says that the files are ours to move (see `put_file`); the emptied folders stay. Raises SpecError
    for what is neither file nor folder, and for names that are not UTF-8 or hold a backslash.
    """
    files, folders = _found(path)

    def put(name: str) -> Item:
        executable = bool(os.stat(path / name).st_mode & 0o100)
        blob = put_file(store, path / name, take=take)
        return Item(name, blob.digest, blob.size, executable)

    items = _each(store, put, files)
    blob = put_bytes(store, _to_json(Manifest(tuple(items), tuple(folders))))
    return Blob(blob.digest, sum(item.size for item in items))


def fetch_directory(store: Store, digest: str, to: Path) -> None:
    """Make the folder `to` with every file of the manifest in it, each checked; all of it or nothing.

    `to` may be an empty folder. Raises NotFound, and Corrupt for wrong bytes and for names that would escape.
    """
    manifest = read_manifest(store, digest)
    if to.is_symlink() or (to.exists() and (not to.is_dir() or any(to.iterdir()))):
        raise SpecError(f"{to} is there already", fix="name a folder that is not there, or empty")
    making = to.parent / f".{os.urandom(8).hex()}"
    try:
        _make(store, manifest, making)
        with folder_errors(str(to)):
            os.rename(making, to)
    except BaseException:
        from shutil import rmtree  # here, because it is slow to load and seldom needed

        rmtree(making, ignore_errors=True)
        raise


def read_manifest(store: Store, digest: str) -> Manifest:
    """Return what is in the directory of that digest. NotFound when it is not there, Corrupt when it is not one."""
    return _from_json(read_blob(store, digest), digest)


def _make(store: Store, manifest: Manifest, folder: Path) -> None:
    with folder_errors(str(folder)):
        for name in ("", *manifest.folders):
            os.makedirs(folder / name, exist_ok=True)

    def fetch(item: Item) -> None:
        fetch_file(store, item.digest, folder / item.path, executable=item.executable)

    _each(store, fetch, manifest.files)


def _each(store: Store, do: Callable[[T], R], items: Sequence[T]) -> list[R]:
    if store.local is not None or len(items) < 2:
        return [do(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor  # here: a folder does not need it

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            return list(pool.map(do, items))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _found(root: Path) -> tuple[list[str], list[str]]:
    if not root.is_dir() or root.is_symlink():
        raise SpecError(f"{root} is not a folder", fix="name a folder that is there, and no link to one")
    files, empty, left = [], [], [""]
    while left:
        folder = left.pop()
        with folder_errors(f"{root}/{folder}"), os.scandir(root / folder) as found:
            items = list(found)
        if folder and not items:
            empty.append(folder[:-1])
        for item in items:
            name = _named(folder + item.name, root)
            if item.is_dir(follow_symlinks=False):
                left.append(name + "/")
            elif item.is_file(follow_symlinks=False):
                files.append(name)
            else:
                seen = "a symbolic link" if item.is_symlink() else "neither a file nor a folder"
                raise SpecError(f"{item.path} is {seen}", fix="leave it out, or write a file in its place")
    return sorted(files), sorted(empty)


def _named(name: str, root: Path) -> str:
    if not _is_plain(name):
        raise SpecError(f"the name of {os.fsencode(root / name)!r} is not UTF-8, or holds a backslash", fix="rename it")
    return name


def _is_plain(name: object) -> bool:
    if not isinstance(name, str) or "\0" in name or "\\" in name or {"", ".", ".."} & set(name.split("/")):
        return False
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _to_json(manifest: Manifest) -> bytes:
    raw = {"files": [item._asdict() for item in manifest.files], "folders": manifest.folders}
    return json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _from_json(data: bytes, digest: str) -> Manifest:
    try:
        raw = json.loads(data)
        manifest = Manifest(tuple(Item(**item) for item in raw["files"]), tuple(raw["folders"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Corrupt(f"{digest} is not the manifest of a directory", fix="name the digest of one") from error
    for bad in _unusable(manifest):
        raise Corrupt(f"the manifest {digest} holds {bad}", fix="make the directory again")
    return manifest


def _unusable(manifest: Manifest) -> Iterable[str]:
    for item in manifest.files:
        if not is_digest(item.digest) or type(item.size) is not int or type(item.executable) is not bool:
            yield f"an entry that is not one of a file: {item.path!r}"
    names: list[Any] = [*(item.path for item in manifest.files), *manifest.folders]
    for name in names:
        if not _is_plain(name):
            yield f"the path {name!r}, which would lead out of the directory"
    if len(set(names)) < len(names):
        yield "the same path twice"
    files = {item.path for item in manifest.files}
    for name in names:
        parts = name.split("/")
        if any("/".join(parts[:count]) in files for count in range(1, len(parts))):
            yield f"the path {name!r}, which leads through a file"
