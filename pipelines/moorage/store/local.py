"""A folder that holds objects: hard links make put-if-absent, renames make put; nothing is seen half-written.

Written by hand rather than on obstore for three reasons: with MOORAGE_FSYNC the bytes must be on disk
before the name appears; it starts no thread, so a process that used it may fork; a get costs 10 µs.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from moorage.errors import SpecError, TargetError
from moorage.store.failures import folder_errors
from moorage.store.objects import Entry

CHUNK = 1 << 18
"""Bytes at a time: still in the processor's cache when they are written after they were hashed."""

WORK = "work"
"""The folder of half-written files and of attempts' scratch space: on the same file system, never listed."""


class LocalObjects:
    """The objects below one folder, which is made at the first write."""

    is_certain = True

    def __init__(self, root: str) -> None:
        self.root = root
        self._fsync = os.environ.get("MOORAGE_FSYNC") == "1"

    def path(self, key: str) -> str:
        """Return the file of `key`, there or not."""
        return f"{self.root}/{key}"

    def get(self, key: str) -> bytes:
        """Return the bytes; raises NotFound."""
        with folder_errors(self.path(key)), open(self.path(key), "rb", buffering=0) as file:
            return file.readall()

    def stream(self, key: str) -> Iterator[bytes]:
        """Yield the bytes in pieces; raises NotFound at the first."""
        with folder_errors(self.path(key)), open(self.path(key), "rb", buffering=0) as file:
            while piece := file.read(CHUNK):
                yield piece

    def put(self, key: str, data: bytes, mode: int = 0o666) -> None:
        """Write the bytes, all or nothing, over what is there."""
        with folder_errors(self.path(key)):
            temporary = self._written(data, mode)
            with removed_on_failure(temporary):
                self.adopt(temporary, key)

    def create(self, key: str, data: bytes) -> bool:
        """Write the bytes if nothing is there; False when something is."""
        with folder_errors(self.path(key)):
            temporary = self._written(data)
            try:
                self._place(os.link, temporary, self.path(key))
            except FileExistsError:
                return False
            except PermissionError as error:
                if error.errno != errno.EPERM:
                    raise
                fix = "choose a folder on another file system with MOORAGE_STORE"
                raise TargetError(f"{self.root}: its file system has no hard links", fix=fix) from error
            finally:
                os.unlink(temporary)
        return True

    def head(self, key: str) -> Entry | None:
        """Return what is there; None when nothing is."""
        with folder_errors(self.path(key)):
            try:
                found = os.stat(self.path(key))
            except (FileNotFoundError, NotADirectoryError):
                return None
            return _entry(key, found) if stat.S_ISREG(found.st_mode) else None

    def walk(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below `prefix`, sorted by key."""
        for item in self._scan(prefix):
            key = prefix + item.name
            if item.is_dir(follow_symlinks=False):
                yield from self.walk(key + "/")
                continue
            with suppress(FileNotFoundError):  # deleted since
                yield _entry(key, item.stat(follow_symlinks=False))

    def names(self, prefix: str) -> list[str]:
        """Return the names of the objects directly below `prefix`, sorted."""
        path = self.path(prefix)
        with folder_errors(path), suppress(FileNotFoundError, NotADirectoryError), os.scandir(path) as found:
            return sorted(item.name for item in found if not item.is_dir(follow_symlinks=False))
        return []

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders directly below `prefix`, sorted."""
        return sorted(item.name for item in self._scan(prefix) if item.is_dir(follow_symlinks=False))

    def delete(self, key: str) -> None:
        """Remove the object, and the folders that it leaves empty; nothing there is fine."""
        path = self.path(key)
        with folder_errors(path):
            with suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(path)
            with suppress(OSError):  # not empty: something else lives there
                while (path := os.path.dirname(path)) != self.root:
                    os.rmdir(path)

    def temporary(self) -> str:
        """Return a new name for a file in the making, on the store's own file system."""
        folder = f"{self.root}/{WORK}/put"
        os.makedirs(folder, exist_ok=True)
        return f"{folder}/{os.urandom(8).hex()}"

    def adopt(self, temporary: str, key: str) -> None:
        """Rename a whole file into the store, over what is there; its bytes are not copied."""
        self._place(os.rename, temporary, self.path(key))

    def _written(self, data: bytes, mode: int = 0o666) -> str:
        temporary = f"{self.root}/{WORK}/put/{os.urandom(8).hex()}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            file = os.open(temporary, flags, mode)
        except FileNotFoundError:
            file = os.open(temporary := self.temporary(), flags, mode)
        with removed_on_failure(temporary):
            try:
                left = memoryview(data)
                while left:
                    left = left[os.write(file, left) :]
            finally:
                os.close(file)
        return temporary

    def _place(self, move: Callable[[str, str], None], temporary: str, path: str) -> None:
        if self._fsync:
            _flush(temporary)
        try:
            move(temporary, path)
        except FileNotFoundError:
            self._place_anew(move, temporary, path)
        except (NotADirectoryError, IsADirectoryError) as error:
            seen = f"{path} cannot be written: an object and a folder would have one name"
            raise SpecError(seen, fix="choose another key") from error
        if self._fsync:
            _flush(os.path.dirname(path))

    def _place_anew(self, move: Callable[[str, str], None], temporary: str, path: str) -> None:
        folder = os.path.dirname(path)
        for left in reversed(range(100)):  # a delete may remove the folder while it is made, or at once
            with suppress(FileNotFoundError, FileExistsError):
                os.makedirs(folder, exist_ok=True)
            try:
                move(temporary, path)
                break
            except FileNotFoundError:
                if not left or not os.path.exists(temporary):
                    raise
        while self._fsync and len(folder) >= len(self.root):
            folder = os.path.dirname(folder)
            _flush(folder)

    def _scan(self, prefix: str) -> list[os.DirEntry[str]]:
        with folder_errors(self.path(prefix)):
            try:
                with os.scandir(self.path(prefix)) as found:
                    items = [item for item in found if prefix or item.name != WORK]
            except (FileNotFoundError, NotADirectoryError):
                return []
            # As the whole keys sort: `a-b/x` comes before `a/x`.
            return sorted(items, key=lambda item: item.name + "/" * item.is_dir(follow_symlinks=False))


@contextmanager
def removed_on_failure(path: str) -> Iterator[None]:
    """Remove the file when its making or its placing fails."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def _entry(key: str, found: os.stat_result) -> Entry:
    return Entry(key, found.st_size, found.st_mtime)


def _flush(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
