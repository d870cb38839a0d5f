"""The append-only record of one run: numbered segments, each put only if it is absent.

One writer at a time needs no lock: whoever fails to create segment n has lost the run to
another driver. Every 64th segment starts with a snapshot, so that reading stays short.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache

from pydantic import TypeAdapter, ValidationError

from moorage.errors import Corrupt, MoorageError, NotFound
from moorage.frozen import Frozen
from moorage.journal.events import Event, RunCreated, read_event
from moorage.journal.record import RunRecord, fold
from moorage.store import Store

SNAPSHOT_EVERY = 64


class LostRun(MoorageError):
    """Another driver has taken the run; this one must stop at once."""


class Segment(Frozen):
    """One object of a journal: who wrote it, and what happened."""

    number: int
    driver: str
    events: tuple[Event, ...]
    snapshot: RunRecord | None = None


def segment_key(run: str, number: int) -> str:
    """Return where a segment lies in the store."""
    return f"runs/{run}/journal/{number:08d}.jsonl"


def read_segments(store: Store, run: str) -> list[Segment]:
    """Return the segments from the newest snapshot on, oldest first. NotFound when there is no such run."""
    numbers = [_number(entry.key) for entry in store.list(f"runs/{run}/journal/")]
    if not numbers:
        raise NotFound(f"no run {run!r} in {store.uri}", fix="`moorage runs` lists those that are there")
    newest = max(numbers)
    first = newest // SNAPSHOT_EVERY * SNAPSHOT_EVERY
    keys = [segment_key(run, number) for number in range(first, newest + 1)]
    return [_parse(run, number, data) for number, data in enumerate(_get_all(store, keys), first)]


def read_events(store: Store, run: str) -> Iterator[Event]:
    """Yield every event of the run, oldest first."""
    number = 0
    while (segment := find_segment(store, run, number)) is not None:
        yield from segment.events
        number += 1


def find_segment(store: Store, run: str, number: int) -> Segment | None:
    """Return the segment of that number; None while it is not written."""
    data = store.find(segment_key(run, number))
    return None if data is None else _parse(run, number, data)


def read_record(store: Store, run: str) -> RunRecord:
    """Return the run as its journal tells it. NotFound when there is no such run."""
    return _fold_all(run, read_segments(store, run))


def create(store: Store, driver: str, event: RunCreated, *further: Event) -> bool:
    """Write segment 0 of a new run; False when a run of that id is there already."""
    return store.put_if_absent(segment_key(event.run, 0), _encode(driver, [event, *further], None))


class Journal:
    """The journal as its one writer holds it; `record` is always the fold of what was noted.

    Of the `noted` events, counted from when the journal was opened, the first `durable` are in the store;
    `latest` is when the newest event happened, by the clock of whoever noted it.
    """

    def __init__(
        self, store: Store, run: str, driver: str, next_segment: int, record: RunRecord, latest: datetime
    ) -> None:
        self._store, self._run, self._driver = store, run, driver
        self._next = next_segment
        self._noted: list[Event] = []
        self.record, self.latest = record, latest
        self.noted = self.durable = 0

    @classmethod
    def open(cls, store: Store, run: str, driver: str) -> "Journal":
        """Read the run's journal and stand ready to write its next segment. NotFound when there is no such run."""
        segments = read_segments(store, run)
        record = _fold_all(run, segments)
        latest = max((event.at for event in segments[-1].events), default=record.created)
        return cls(store, run, driver, segments[-1].number + 1, record, latest)

    @property
    def has_news(self) -> bool:
        """Whether something was noted that no segment holds yet."""
        return bool(self._noted)

    def note(self, event: Event) -> None:
        """Fold `event` into the record; `flush` makes it durable."""
        self.record = fold(self.record, event)
        self.latest = event.at
        self._noted.append(event)
        self.noted += 1

    def flush(self) -> None:
        """Write what was noted as one segment. LostRun when another driver wrote that segment first."""
        if not self._noted:
            return
        snapshot = self.record if self._next % SNAPSHOT_EVERY == 0 else None
        data = _encode(self._driver, self._noted, snapshot)
        if not self._store.put_if_absent(segment_key(self._run, self._next), data):
            fix = f"`moorage show {self._run}{self.record.where}` shows who drives it"
            raise LostRun(f"another driver has taken run {self._run}", fix=fix)
        self._noted.clear()
        self.durable = self.noted
        self._next += 1


def _number(key: str) -> int:
    return int(key.rpartition("/")[2].removesuffix(".jsonl"))


def _get_all(store: Store, keys: Sequence[str]) -> Iterator[bytes]:
    if store.root is not None or len(keys) == 1:
        yield from map(store.get, keys)
        return
    from concurrent.futures import ThreadPoolExecutor  # here: a folder needs none

    with ThreadPoolExecutor(8) as pool:
        yield from pool.map(store.get, keys)


def _encode(driver: str, noted: Sequence[Event], snapshot: RunRecord | None) -> bytes:
    lines = [json.dumps({"driver": driver, "snapshot": snapshot is not None}).encode()]
    lines += [event.model_dump_json(exclude_defaults=False).encode() for event in noted]
    if snapshot is not None:
        lines.append(_snapshots().dump_json(snapshot))
    return b"\n".join(lines) + b"\n"


def _parse(run: str, number: int, data: bytes) -> Segment:
    lines = data.splitlines()
    try:
        head = json.loads(lines[0])
        body = lines[1:-1] if head["snapshot"] else lines[1:]
        snapshot = _snapshots().validate_json(lines[-1]) if head["snapshot"] else None
        return Segment(number, head["driver"], tuple(map(read_event, body)), snapshot)
    except (ValidationError, ValueError, KeyError, IndexError, TypeError) as error:
        raise Corrupt(
            f"segment {number} of run {run} cannot be read",
            fix="it was written by a newer moorage (upgrade this one), or its bytes were changed",
        ) from error


@cache
def _snapshots() -> TypeAdapter[RunRecord]:
    # Building it takes 10 ms, and most runs are over before they write a snapshot.
    return TypeAdapter(RunRecord)


def _fold_all(run: str, segments: Sequence[Segment]) -> RunRecord:
    # A snapshot already holds the events of its own segment.
    record = segments[0].snapshot
    rest = segments if record is None else segments[1:]
    for segment in rest:
        for event in segment.events:
            record = fold(record, event)
    if record is None:
        raise Corrupt(f"the journal of run {run} is empty", fix="`moorage gc` removes it")
    return record
