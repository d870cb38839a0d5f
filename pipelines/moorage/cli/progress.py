"""How a run goes, on stderr: a live picture for a terminal, one line per change for anything else."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import click

from moorage.cli import output
from moorage.journal import Event, RunRecord, StepRecord, events
from moorage.spans import between
from moorage.states import StepState

Watch = Callable[[RunRecord, Event], None]


@contextmanager
def watching() -> Iterator[Watch]:
    """Show what happens for as long as this is open; what is yielded takes the events."""
    if not output.is_terminal():
        yield Lines()
        return
    from moorage.cli.live import live

    with live() as watch:
        yield watch


class Lines:
    """One line per change of a step's state: `12:03:04  train  running`."""

    def __init__(self) -> None:
        self._seen: dict[str, StepState] = {}
        self._width = 0

    def __call__(self, record: RunRecord, event: Event) -> None:
        """Print what `event` changed."""
        if not self._seen:
            self._seen = dict.fromkeys(record.steps, StepState.WAITING)
            self._width = max(map(len, record.steps))
            output.note(f"run {record.id}: {record.pipeline} on {record.environment}")
        for step in changed(record, event):
            if step.state is not self._seen[step.name]:
                self._seen[step.name] = step.state
                _say(event, describe(step, self._width))
            elif isinstance(event, events.ApprovalAsked):
                _say(event, waits(record, step, self._width, event.by))


def _say(event: Event, text: str) -> None:
    # As `output.note`, less its looking at each line whether this is a terminal: a thousand may come at once.
    sys.stderr.write(click.unstyle(f"{event.at.astimezone():%H:%M:%S}  {text}\n"))


def changed(record: RunRecord, event: Event) -> Iterable[StepRecord]:
    """Return the steps that `event` may have changed: its own, else all."""
    step = record.steps.get(getattr(event, "step", None) or "")
    return record.steps.values() if step is None else (step,)


def describe(step: StepRecord, width: int) -> str:
    """Return a step as one line: its name, state, time, and why it is not simply well."""
    after = output.GAP.join(part for part in (time_of(step), reason(step)) if part)
    gap = " " * (len("succeeded") - len(step.state)) + output.GAP if after else ""
    return f"{step.name.ljust(width)}{output.GAP}{output.state(step.state)}{gap}{after}"


def waits(record: RunRecord, step: StepRecord, width: int, by: Sequence[str] = ()) -> str:
    """Return the line of a step that waits for a person: for whom, and the command that answers."""
    answer = f"moorage approve {record.id} {step.name}{record.where}"
    return f"{step.name.ljust(width)}  {output.state(step.state)}    for {' or '.join(by) or 'an approval'}: {answer}"


def time_of(step: StepRecord) -> str:
    """Return how long a step that ended took."""
    return output.seconds(between(step.started, step.finished)) if _took_time(step) else ""


def reason(step: StepRecord) -> str:
    """Return the first line of why a step failed, waits or was left out; empty when all is well."""
    if step.state is StepState.CACHED:
        return f"from {step.cached_from}" if step.cached_from else ""
    if step.state.has_outputs:
        return ""
    if step.state.is_active:  # the message is of the attempt before
        return (step.attempt.reason if step.attempt else "") or ""
    said = (step.message or (step.attempt.reason if step.attempt else "") or "").splitlines()
    cause = str(step.cause).replace("_", " ") if step.cause else ""
    return ": ".join(part for part in (cause, said[0] if said else "") if part)


def _took_time(step: StepRecord) -> bool:
    return step.state in (StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED) and bool(step.attempts)
