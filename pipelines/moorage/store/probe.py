"""Is this a store that we can use? Asked once in its life: some S3-likes ignore the condition of a put."""

import json
import os
from typing import Protocol

from moorage.errors import MoorageError, TargetError

SCHEMA = 1
MARKER = "moorage.json"
_WRITERS = 4


class Probed(Protocol):
    """What the probe needs of a store."""

    uri: str

    def find(self, key: str) -> bytes | None:
        """Return the bytes; None when nothing is there."""
        ...

    def create(self, key: str, data: bytes) -> bool:
        """Make one conditional put, and return what the store answered."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; nothing there is fine."""
        ...

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the bytes if nothing is there, and return whether ours are there now."""
        ...


def check_store(store: Probed) -> None:
    """Return when the store is marked as ours, probing and marking it first if it has no marker."""
    marker = store.find(MARKER)
    if marker is None:
        _probe(store, f"probe/{os.urandom(8).hex()}")
        store.put_if_absent(MARKER, json.dumps({"schema": SCHEMA}).encode())
    else:
        _check_marker(store.uri, marker)


def _check_marker(uri: str, marker: bytes) -> None:
    try:
        schema = json.loads(marker)["schema"]
    except (ValueError, TypeError, KeyError):
        schema = None
    if type(schema) is not int:
        fix = "choose another prefix or folder for the store"
        raise TargetError(f"{uri}/{MARKER} is not moorage's own", fix=fix)
    if schema > SCHEMA:
        seen = f"{uri} was written by a newer moorage (schema {schema}; this one reads up to {SCHEMA})"
        raise TargetError(seen, fix="pip install --upgrade moorage")


def _probe(store: Probed, key: str) -> None:
    try:
        won = _race(store, key)
        there = store.find(key)
        late = store.create(key, b"late")
        after = store.find(key)
    finally:
        store.delete(key)
    if len(won) > 1:
        seen = (
            f"{len(won)} of {_WRITERS} concurrent puts of one key, each on condition that nothing is there, succeeded"
        )
    elif there is None or (won and there != won[0]):
        seen = "what a put on condition that nothing is there wrote is not what is there"
    elif late or after != there:
        seen = "a put on condition that nothing is there overwrote what was there"
    else:
        return
    fix = "choose a store that honours If-None-Match, or a newer version of this one"
    raise TargetError(f"{store.uri} cannot hold runs: {seen}", fix=fix)


def _race(store: Probed, key: str) -> list[bytes]:
    from threading import Barrier, Thread  # here, because a job never probes

    won: list[bytes] = []
    failed: list[MoorageError] = []
    start = Barrier(_WRITERS)

    def write(data: bytes) -> None:
        start.wait()
        try:
            if store.create(key, data):
                won.append(data)
        except MoorageError as error:
            failed.append(error)

    writers = [Thread(target=write, args=(b"%d" % number,)) for number in range(_WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    if failed:
        raise failed[0]
    return won
