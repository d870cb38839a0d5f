"""The objects of a bucket, a container or this process's memory, through obstore."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, MemoryStore, S3Store

from moorage.errors import NotFound, TargetError
from moorage.store.address import Address
from moorage.store.failures import AlreadyThere, obstore_errors
from moorage.store.objects import Entry

PART = 8 << 20
"""Bytes of one part of a multipart upload; more when a file would need over 9,000 of them (S3 takes 10,000)."""

PAGE = 1000
_RETRY: Any = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
# obstore's own 30 s for a whole request would cut a large blob on a slow line: what counts is progress.
_CLIENT: Any = {"connect_timeout": "4s", "read_timeout": "60s", "timeout": "1h", "user_agent": "moorage"}

_Client = AzureStore | GCSStore | MemoryStore | S3Store
_memories: dict[str, MemoryStore] = {}
_lock = Lock()


class BucketObjects:
    """The objects below one prefix of a bucket."""

    is_certain = False

    def __init__(self, address: Address) -> None:
        self._uri = address.uri
        self._client = _client(address)

    def get(self, key: str) -> bytes:
        """Return the bytes; raises NotFound."""
        with obstore_errors(self._uri, key):
            return obstore.get(self._client, key).bytes().to_bytes()

    def stream(self, key: str) -> Iterator[bytes]:
        """Yield the bytes in pieces; raises NotFound at the first."""
        with obstore_errors(self._uri, key):
            pieces = iter(obstore.get(self._client, key).stream(min_chunk_size=4 << 20))
        while True:
            with obstore_errors(self._uri, key):
                piece = next(pieces, None)
            if piece is None:
                return
            yield bytes(piece)

    def put(self, key: str, data: bytes) -> None:
        """Write the bytes, all or nothing, over what is there."""
        with obstore_errors(self._uri, key):
            obstore.put(self._client, key, data, chunk_size=PART, max_concurrency=4)

    def upload(self, key: str, path: Path, size: int) -> None:
        """Write the bytes of a file, in parts when it is large, over what is there."""
        part = max(PART, -(-size // 9000))
        with obstore_errors(self._uri, key):
            obstore.put(self._client, key, path, chunk_size=part, max_concurrency=4)

    def create(self, key: str, data: bytes) -> bool:
        """Write the bytes if nothing is there; False when something is."""
        try:
            with obstore_errors(self._uri, key):
                obstore.put(self._client, key, data, mode="create")
        except AlreadyThere:
            return False
        return True

    def head(self, key: str) -> Entry | None:
        """Return what is there; None when nothing is."""
        try:
            with obstore_errors(self._uri, key):
                return _entry(obstore.head(self._client, key))
        except NotFound:
            return None

    def walk(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below `prefix`, sorted by key, one page in memory at a time."""
        with obstore_errors(self._uri, prefix):
            pages = iter(obstore.list(self._client, prefix or None, chunk_size=PAGE))
        while True:
            with obstore_errors(self._uri, prefix):
                page = next(pages, None)
            if page is None:
                return
            yield from map(_entry, page)

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders directly below `prefix`, sorted."""
        with obstore_errors(self._uri, prefix):
            found = obstore.list_with_delimiter(self._client, prefix or None)["common_prefixes"]
        return sorted(name.rstrip("/").rpartition("/")[2] for name in found)

    def delete(self, key: str) -> None:
        """Remove the object; nothing there is fine."""
        with suppress(NotFound), obstore_errors(self._uri, key):
            obstore.delete(self._client, key)


def _entry(found: Any) -> Entry:
    return Entry(found["path"], found["size"], found["last_modified"].timestamp())


def _client(address: Address) -> _Client:
    if address.scheme == "memory":
        with _lock:
            return _memories.setdefault(address.name, MemoryStore())
    make: Any = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}[address.scheme]
    # One DELETE per key is what every S3-like has; the bulk call is not.
    settings = {"disable_bulk_delete": True} if address.scheme == "s3" else {}
    options = {**_CLIENT, "allow_http": _allows_http(address.scheme)}
    try:
        client: _Client = make(
            address.name, prefix=address.prefix or None, client_options=options, retry_config=_RETRY, **settings
        )
        return client
    except (BaseError, ValueError, OSError) as error:
        raise _unusable(address, error) from error


def _allows_http(scheme: str) -> bool:
    names = {
        "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
        "gs": ("GOOGLE_BASE_URL",),
        "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
    }[scheme]
    return any(os.environ.get(name, "").startswith("http://") for name in names)


def _unusable(address: Address, error: Exception) -> TargetError:
    if "Account must be specified" in str(error):
        return TargetError(f"{address.uri}: no storage account is named", fix="set AZURE_STORAGE_ACCOUNT_NAME")
    fix = "check the variables of this cloud in the environment (AWS_*, GOOGLE_*, AZURE_*)"
    return TargetError(f"{address.uri}: its settings cannot be used ({type(error).__name__})", fix=fix)
