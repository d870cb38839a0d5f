"""Watch a run that another process drives: what its journal says, as it comes."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from moorage.cli import output
from moorage.cli.progress import watching
from moorage.journal import Event, RunRecord, find_segment, fold, read_record
from moorage.runs.api import Place
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
        output.note(f"nobody drives run {run}; `moorage resume {run}` goes on with it")
    return record


def _events(place: Place, run: str) -> Iterator[tuple[RunRecord, Event]]:
    record: RunRecord | None = None
    number = 0
    quiet_since = time.monotonic()
    while True:
        segment = find_segment(place.store, run, number)
        if segment is None:
            # A run that ended may have been resumed: only where nothing follows is it the end.
            if (record and record.finished) or _is_left(place, run, time.monotonic() - quiet_since):
                return
            time.sleep(0.2 if place.store.root else 3)
            continue
        number, quiet_since = number + 1, time.monotonic()
        for event in segment.events:
            record = fold(record, event)
            yield record, event


def _is_left(place: Place, run: str, quiet_seconds: float) -> bool:
    if quiet_seconds < PATIENCE_SECONDS:
        return False
    return read_summary(place.store, run, datetime.now(UTC)).state is RunState.STALLED
