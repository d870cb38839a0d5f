"""What a store needs of the place that holds its objects: a folder, this process's memory or a bucket."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from moorage.frozen import Frozen


class Entry(Frozen):
    """One object of a listing: its size in bytes, and when it was last written (Unix seconds)."""

    key: str
    size: int
    modified: float


class Objects(Protocol):
    """The objects of one place by their keys; every method raises only our errors."""

    @property
    def is_certain(self) -> bool:
        """Whether the answer of `create` can be trusted: nothing is lost on the way to a local folder."""
        ...

    def get(self, key: str) -> bytes:
        """Return the bytes; raises NotFound."""
        ...

    def stream(self, key: str) -> Iterator[bytes]:
        """Yield the bytes in pieces of some MiB; raises NotFound at the first."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write the bytes, all or nothing, over what is there."""
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Write the bytes if nothing is there; False when something is."""
        ...

    def head(self, key: str) -> Entry | None:
        """Return what is there; None when nothing is."""
        ...

    def walk(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below `prefix`, sorted by key."""
        ...

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders directly below `prefix`, sorted."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; nothing there is fine."""
        ...


class RemoteObjects(Objects, Protocol):
    """The objects of a place that is not a folder."""

    def upload(self, key: str, path: Path, size: int) -> None:
        """Write the bytes of a file, all or nothing, over what is there; in parts when it is large."""
        ...
