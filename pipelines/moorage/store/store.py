"""A store: objects under keys, with put-if-absent as the one primitive that everything above relies on."""

from _thread import allocate_lock  # what threading.Lock is
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from moorage.errors import NotFound, PlatformError, SpecError
from moorage.store.address import Address, parse_address
from moorage.store.failures import Unanswered
from moorage.store.local import LocalObjects
from moorage.store.objects import Entry, Objects, RemoteObjects
from moorage.store.probe import check_store

_ALLOWED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!_.'()=@+,:-/"
_TRIES = 5
_Names = list[str]  # inside the class, `list` is its method


def open_store(where: str | Path) -> "Store":
    """Return the store at a path or URI; nothing is read or written yet. Raises TargetError."""
    address = parse_address(where)
    if address.scheme == "file":
        return Store(address, LocalObjects(address.name))
    from moorage.store.remote import BucketObjects  # loads obstore, which a folder does not need

    return Store(address, BucketObjects(address))


class Store:
    """The objects of one place.

    `uri` opens the same store from another process; `root` is the folder of a local store, else None;
    `calls` counts the calls made: get, put, put_if_absent, list, head, delete, copy. `objects` is the place
    itself, uncounted; it is also `local` when it is a folder, and `remote` when not.
    Keys are parts of letters, digits and -_.=@+,:!'() between slashes; others raise SpecError.
    """

    def __init__(self, address: Address, objects: LocalObjects | RemoteObjects) -> None:
        self.uri = address.uri
        self.root = Path(address.name) if address.scheme == "file" else None
        self.calls: Counter[str] = Counter()
        self.objects: Objects = objects
        self.local = objects if isinstance(objects, LocalObjects) else None
        self.remote = None if isinstance(objects, LocalObjects) else objects
        self._lock = allocate_lock()

    def __repr__(self) -> str:
        return f"open_store({self.uri!r})"

    def ensure(self) -> None:
        """Make sure that this is a store we can use: one call when it is marked, else probed and marked.

        Raises TargetError for a store that ignores the condition of a put, or that a newer moorage made.
        """
        check_store(self)

    def get(self, key: str) -> bytes:
        """Return the bytes; raises NotFound."""
        self.count("get", key)
        return self.objects.get(key)

    def find(self, key: str) -> bytes | None:
        """Return the bytes; None when nothing is there."""
        try:
            return self.get(key)
        except NotFound:
            return None

    def put(self, key: str, data: bytes) -> None:
        """Write the bytes, all or nothing, over what is there."""
        self.count("put", key)
        self.objects.put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the bytes if nothing is there, and return whether it is ours that is there now.

        A put whose fate is not known is read back: `data` must be unlike any other writer's.
        """
        if self.objects.is_certain:
            return self.create(key, data)
        for left in reversed(range(_TRIES)):
            try:
                if self.create(key, data):
                    return True
            except Unanswered:
                if not left:
                    raise
            if (there := self.find(key)) is not None:
                return there == data
        # Refused although nothing is there: S3 says so while another conditional put is under way.
        raise PlatformError(f"{self.uri}/{key}: put-if-absent was refused, and nothing is there", fix="try again")

    def create(self, key: str, data: bytes) -> bool:
        """Make one conditional put, and return what the store answered."""
        self.count("put_if_absent", key)
        return self.objects.create(key, data)

    def head(self, key: str) -> Entry | None:
        """Return size and time of what is there; None when nothing is."""
        self.count("head", key)
        return self.objects.head(key)

    def list(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below `prefix` (which ends with / or is empty), sorted by key, page by page."""
        self.count("list", prefix, is_prefix=True)
        return self.objects.walk(prefix)

    def names(self, prefix: str) -> _Names:
        """Return the names of the objects directly below `prefix`, sorted; on a folder cheaper than `list`."""
        self.count("list", prefix, is_prefix=True)
        if self.local is not None:
            return self.local.names(prefix)
        below = (entry.key.removeprefix(prefix) for entry in self.objects.walk(prefix))
        return [name for name in below if "/" not in name]

    def folders(self, prefix: str) -> _Names:
        """Return the names directly below `prefix` that have something below them, sorted."""
        self.count("list", prefix, is_prefix=True)
        return self.objects.folders(prefix)

    def delete(self, key: str) -> None:
        """Remove the object; nothing there is fine."""
        self.count("delete", key)
        self.objects.delete(key)

    def count(self, kind: str, key: str, is_prefix: bool = False) -> None:
        """Note one call, and refuse a key that some platform would read differently."""
        if is_prefix and key and not key.endswith("/"):
            raise SpecError(f"the prefix {key!r} does not end with a slash", fix=f"write {key + '/'!r}")
        plain = key[:-1] if is_prefix else key
        if (plain or not is_prefix) and not _is_key(plain):
            fix = "use letters, digits and -_.=@+,:!'() between single slashes"
            raise SpecError(f"{key!r} cannot be a key of a store", fix=fix)
        with self._lock:
            self.calls[kind] += 1


def _is_key(text: str) -> bool:
    strange = text.encode(errors="replace").translate(None, _ALLOWED)
    return not strange and not {"", ".", ".."}.intersection(text.split("/"))
