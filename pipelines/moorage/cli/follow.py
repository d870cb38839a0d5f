"""Watch a run that another process drives: what its journal says, as it comes."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from moorage.cli import output
from moorage.cli.progress import watching
from moorage.journal import Event, RunRecord, find_segment, fold, read_record
from moorage.runs.api import Place, say_driver
from moorage.runs.summary import read_summary
from moorage.states import RunState

PATIENCE_SECONDS = 10.0
"""How long nothing may be written until it is asked whether a driver lives: right after a start there is none."""


def follow(place: Place, run: str) -> RunRecord:
    """Show on stderr what happens in the run until it has ended, or nobody drives it; return how it stands then.

    What happened before is shown first. NotFound when there is no such run.
    """
    record = read_record(place.store, run)
    with watching() as watch:
        for record, event in _events(place, run):
            watch(record, event)
    if record.finished is None:
        say_left(place, record)
    return record


def say_left(place: Place, record: RunRecord) -> None:
    """Say on stderr that nobody drives the run, what became of the driver that its platform had, and what to do."""
    if said := say_driver(place, record.id):
        output.note(said)
    output.note(f"nobody drives run {record.id}; `moorage resume {record.id}{record.where}` goes on with it")


def is_left(place: Place, run: str, quiet_seconds: float) -> bool:
    """Return whether nobody drives a run of which nothing was heard for so long."""
    if quiet_seconds < PATIENCE_SECONDS:
        return False
    return read_summary(place.store, run, datetime.now(UTC)).state is RunState.STALLED


def _events(place: Place, run: str) -> Iterator[tuple[RunRecord, Event]]:
    record: RunRecord | None = None
    number = 0
    quiet_since = time.monotonic()
    while True:
        segment = find_segment(place.store, run, number)
        if segment is None:
            # A run that ended may have been resumed: only where nothing follows is it the end.
            if (record and record.finished) or is_left(place, run, time.monotonic() - quiet_since):
                return
            time.sleep(0.2 if place.store.root else 3)
            continue
        number, quiet_since = number + 1, time.monotonic()
        for event in segment.events:
            record = fold(record, event)
            yield record, event
