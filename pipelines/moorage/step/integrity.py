"""Find out whether a step wrote into its inputs: on a local store they are the stored bytes themselves."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from moorage.errors import MoorageError
from moorage.frozen import Frozen
from moorage.step.scratch import FOLDERS
from moorage.step.task import TaskInput
from moorage.store import Store, blob_path, digest_of, read_blob

Signature = tuple[int, int, int]


class Watched(Frozen):
    """A file of an input before the step; `stored` is what must leave the store when it has changed."""

    name: str
    path: str
    digest: str
    stored: tuple[str, ...]
    before: Signature


def watch_inputs(store: Store, inputs: tuple[TaskInput, ...]) -> tuple[Watched, ...]:
    """Return what is needed to see later that a file changed; costs two stats per file."""
    return tuple(
        Watched(item.name, path, digest, stored, _signature(path))
        for item in inputs
        for path, digest, stored in _files(store, item)
    )


def changed_inputs(watched: tuple[Watched, ...]) -> list[Watched]:
    """Return the files that are not what they were, one per input; damaged blobs are removed from the store."""
    changed = {}
    for item in watched:
        if _differs(item):
            changed[item.name] = item
            for path in item.stored:
                Path(path).unlink(missing_ok=True)
    return list(changed.values())


def _files(store: Store, item: TaskInput) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    digest = str(item.artifact["digest"])
    fetched = [("", digest)]
    if item.kind in FOLDERS:
        fetched = [("/" + file["path"], file["digest"]) for file in json.loads(read_blob(store, digest))["files"]]
    for below, of in fetched:
        yield item.path + below, of, ()
        if (blob := blob_path(store, of)) is not None:
            # A directory is not whole any more without each of its files.
            yield str(blob), of, tuple({str(blob), str(blob_path(store, digest))})


def _signature(path: str) -> Signature:
    found = os.stat(path, follow_symlinks=False)
    return found.st_ino, found.st_size, found.st_mtime_ns


def _differs(item: Watched) -> bool:
    try:
        return _signature(item.path) != item.before and digest_of(Path(item.path)).digest != item.digest
    except FileNotFoundError:  # a step may remove or move what it was given
        return False
    except MoorageError:  # no file that can be read any more
        return True
