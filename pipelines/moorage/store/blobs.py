"""Blobs: bytes under the digest of their content, written once, checked whenever they are read."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from blake3 import blake3

from moorage.errors import Corrupt, SpecError
from moorage.frozen import Frozen
from moorage.store.failures import folder_errors
from moorage.store.local import CHUNK, LocalObjects, removed_on_failure
from moorage.store.objects import RemoteObjects
from moorage.store.store import Store

_HEX = frozenset("0123456789abcdef")
_SMALL = 1 << 20
"""Up to this many bytes one conditional put costs less than asking first whether the blob is there."""
_LARGE, _LARGE_PIECE, _MOST_THREADS = 1 << 24, 1 << 22, 8
"""From so many bytes on, a file is read in larger pieces, each of which several threads hash together."""


class Blob(Frozen):
    """What names stored bytes: `blake3:<64 hex>`, and how many there are."""

    digest: str
    size: int


def digest_of(path: Path) -> Blob:
    """Return the digest and size of a file, read once. Raises SpecError when it is not a file."""
    with _open_file(path) as file:
        return _digest(file)


def put_bytes(store: Store, data: bytes) -> Blob:
    """Store the bytes, unless they are there, and return their name."""
    blob = _named(blake3(data), len(data))
    key = key_of(blob.digest)
    if store.local is not None:
        store.count("put", key)
        store.local.put(key, data, 0o444)  # over what is there, too: it may have been damaged
    elif len(data) <= _SMALL:
        store.create(key, data)  # refused: the same bytes are there
    elif store.head(key) is None:
        store.put(key, data)
    return blob


def put_file(store: Store, path: Path, *, take: bool) -> Blob:
    """Store a file's bytes, unless they are there, and return their name.

    `take` says that the file is ours to move: it is gone afterwards, and on a local store it is renamed,
    never copied. Otherwise it is left as it is. Raises SpecError when it is not a file.
    """
    if take and path.is_symlink():
        raise SpecError(f"{path} is a symbolic link", fix="write the file itself in its place")
    if store.remote is not None:
        blob = _upload(store, store.remote, path)
    elif store.local is not None:
        blob = (_move if take else _copy)(store, store.local, path)
    if take:
        with suppress(FileNotFoundError):
            os.unlink(path)
    return blob


def fetch_file(store: Store, digest: str, to: Path, *, executable: bool = False) -> None:
    """Put the bytes of a blob at `to`, checked and read-only: a hard link on a local store, else a copy.

    An executable one is always a copy, since links share their mode with the blob. What was at `to` is
    replaced; nothing half-written is ever there. Raises NotFound and Corrupt.
    """
    if to.is_dir():
        raise SpecError(f"{to} is a folder", fix="name a file, there or not")
    temporary = f"{to.parent}/.{os.urandom(8).hex()}"
    with folder_errors(str(to)):
        os.makedirs(to.parent, exist_ok=True)
    try:
        if store.local is None or executable or not _link(store, store.local, digest, temporary):
            _download(store, digest, temporary, 0o555 if executable else 0o444)
        with folder_errors(str(to)):
            os.rename(temporary, to)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def read_blob(store: Store, digest: str) -> bytes:
    """Return the bytes of a blob, checked. Raises NotFound and Corrupt."""
    data = store.get(key_of(digest))
    _check(digest, blake3(data).hexdigest())
    return data


def has_blob(store: Store, digest: str) -> bool:
    """Whether the blob is there; one call, and its bytes are not read."""
    return store.head(key_of(digest)) is not None


def blob_path(store: Store, digest: str) -> Path | None:
    """Return the read-only file of a blob, there or not; None for a store that is not a folder."""
    key = key_of(digest)
    return Path(store.local.path(key)) if store.local else None


def key_of(digest: str) -> str:
    """Return the key of a blob. Raises SpecError for what is not a digest."""
    if not is_digest(digest):
        raise SpecError(f"{digest!r} is not a digest", fix="write blake3: and 64 hexadecimal digits")
    return f"blobs/blake3/{digest[7:]}"


def is_digest(text: object) -> bool:
    """Whether `text` is `blake3:` and 64 hexadecimal digits."""
    return isinstance(text, str) and len(text) == 71 and text.startswith("blake3:") and _HEX.issuperset(text[7:])


def _named(hasher: blake3, size: int) -> Blob:
    return Blob(f"blake3:{hasher.hexdigest()}", size)


def _check(digest: str, seen: str) -> None:
    if digest != f"blake3:{seen}":
        fix = "delete that object, and run the step that made it again"
        raise Corrupt(f"{key_of(digest)} holds the bytes of blake3:{seen}, not of {digest}", fix=fix)


@contextmanager
def _open_file(path: Path) -> Iterator[int]:
    try:
        # Not blocking, so that a named pipe is refused instead of waited for.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}", fix="check the path and its permissions") from error
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise SpecError(f"{path} is not a file", fix="name a regular file")
        yield file
    finally:
        os.close(file)


def _digest(file: int) -> Blob:
    hasher, size = _hasher(file), 0
    for piece in _pieces(file):
        hasher.update(piece)
        size += len(piece)
    return _named(hasher, size)


def _hasher(file: int) -> blake3:
    # Not mapped into memory, which costs less still: a file that is cut short meanwhile would kill us.
    if os.fstat(file).st_size < _LARGE:
        return blake3()
    try:
        return blake3(max_threads=min(_MOST_THREADS, os.cpu_count() or 1))
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # as it calls that no thread can be started
            raise
        return blake3()


def _pieces(file: int) -> Iterator[memoryview]:
    buffer = bytearray(CHUNK if os.fstat(file).st_size < _LARGE else _LARGE_PIECE)
    view = memoryview(buffer)
    while count := os.readv(file, [buffer]):
        yield view[:count]


def _upload(store: Store, remote: RemoteObjects, path: Path) -> Blob:
    with _open_file(path) as file:
        before = os.stat(path)
        if before.st_size <= _SMALL:
            return put_bytes(store, b"".join(map(bytes, _pieces(file))))
    blob = digest_of(path)
    key = key_of(blob.digest)
    there = store.head(key)
    if there is None or there.size != blob.size:
        store.count("put", key)
        remote.upload(key, path, blob.size)
        after = os.stat(path)
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            store.delete(key)
            raise SpecError(f"{path} changed while it was stored", fix="store it when nothing writes to it")
    return blob


def _move(store: Store, local: LocalObjects, path: Path) -> Blob:
    blob = digest_of(path)
    key = key_of(blob.digest)
    found = os.stat(path)
    if found.st_nlink > 1 and not _is(found, local.path(key)):
        return _copy(store, local, path)  # somebody else could write to it under its other name
    store.count("put", key)
    with folder_errors(str(path)):
        os.chmod(path, 0o444)
        try:
            local.adopt(str(path), key)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return _copy(store, local, path)
    return blob


def _is(found: os.stat_result, path: str) -> bool:
    try:
        return os.path.samestat(found, os.stat(path))
    except FileNotFoundError:
        return False


def _copy(store: Store, local: LocalObjects, path: Path) -> Blob:
    with _open_file(path) as file, folder_errors(local.root):
        hasher, size = _hasher(file), 0
        temporary = local.temporary()
        with removed_on_failure(temporary), open(temporary, "xb", buffering=0) as copy:
            for piece in _pieces(file):
                hasher.update(piece)
                size += len(piece)
                while piece:
                    piece = piece[copy.write(piece) :]
            os.fchmod(copy.fileno(), 0o444)
        blob = _named(hasher, size)
        store.count("put", key_of(blob.digest))
        local.adopt(temporary, key_of(blob.digest))
    return blob


def _link(store: Store, local: LocalObjects, digest: str, to: str) -> bool:
    key = key_of(digest)
    store.count("get", key)
    with folder_errors(local.path(key)), open(local.path(key), "rb", buffering=0) as source:
        seen = _digest(source.fileno()).digest
    _check(digest, seen[7:])
    try:
        os.link(local.path(key), to)
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EPERM, errno.EMLINK):
            return False
        with folder_errors(to):
            raise
    return True


def _download(store: Store, digest: str, to: str, mode: int) -> None:
    key = key_of(digest)
    store.count("get", key)
    hasher = blake3()
    with folder_errors(to), open(to, "xb") as file:
        for piece in store.objects.stream(key):
            hasher.update(piece)
            file.write(piece)
        os.fchmod(file.fileno(), mode)
    _check(digest, hasher.hexdigest())
