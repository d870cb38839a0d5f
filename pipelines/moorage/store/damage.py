"""Take damaged bytes out of the store, so that whoever made them can put them again.

A put of bytes that are there already is left out, or refused: with the bad ones in place, nothing would mend them.
"""

from collections.abc import Iterator

from blake3 import blake3

from moorage.errors import Corrupt, NotFound
from moorage.store.blobs import key_of
from moorage.store.directories import read_manifest
from moorage.store.store import Store


def remove_damaged(store: Store, digest: str, *, is_directory: bool = False) -> None:
    """Remove the blob of that digest if its bytes, read again, are not what it is named for.

    A directory goes with any of its files: its manifest must not stand for what is not there.
    """
    missing = [file for file in (_files(store, digest) if is_directory else ()) if not _is_whole(store, file)]
    for file in missing:
        store.delete(key_of(file))
    if missing or not _is_whole(store, digest):
        store.delete(key_of(digest))


def _files(store: Store, digest: str) -> Iterator[str]:
    try:
        yield from (item.digest for item in read_manifest(store, digest).files)
    except (Corrupt, NotFound):
        return


def _is_whole(store: Store, digest: str) -> bool:
    # What was wrong may have been wrong on its way to us only: good bytes are not removed for that.
    key = key_of(digest)
    store.count("get", key)
    hasher = blake3()
    try:
        for piece in store.objects.stream(key):
            hasher.update(piece)
    except NotFound:
        return False
    return digest == f"blake3:{hasher.hexdigest()}"
