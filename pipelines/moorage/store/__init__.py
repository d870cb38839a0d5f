"""The object store: put-if-absent, content-addressed blobs and paged listing, on a folder or in a cloud.

Imported by the small process inside each job, so it loads only the standard library, blake3 and our
errors; obstore is loaded when a store that is not a folder is opened.
"""

from moorage.store.blobs import (
    Blob,
    blob_path,
    digest_of,
    fetch_file,
    has_blob,
    put_bytes,
    put_file,
    read_blob,
)
from moorage.store.damage import remove_damaged
from moorage.store.directories import fetch_directory, put_directory, read_manifest
from moorage.store.objects import Entry
from moorage.store.store import Store, open_store

__all__ = [
    "Blob",
    "Entry",
    "Store",
    "blob_path",
    "digest_of",
    "fetch_directory",
    "fetch_file",
    "has_blob",
    "open_store",
    "put_bytes",
    "put_directory",
    "put_file",
    "read_blob",
    "read_manifest",
    "remove_damaged",
]
