"""A run as a terminal shows it: steps that ended scroll up, steps at work stay below with their clocks."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.live import Live
from rich.text import Text

from moorage.cli import output
from moorage.cli.progress import changed, describe, waits
from moorage.journal import Event, RunRecord, StepRecord
from moorage.spans import between
from moorage.states import StepState

MOST_LINES = 12
"""More steps at work than this are counted, not shown."""


@contextmanager
def live() -> Iterator[Callable[[RunRecord, Event], None]]:
    """Draw on stderr while this is open; what is yielded takes the events."""
    console = Console(stderr=True, highlight=False)
    picture = Picture(console)
    with Live(picture, console=console, refresh_per_second=5, transient=True):
        yield picture.see


class Picture:
    """What stands at the bottom of the terminal: the newest record, drawn with the time of drawing."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._record: RunRecord | None = None
        self._shown: set[str] = set()

    def see(self, record: RunRecord, event: Event) -> None:
        """Take the newest record, and print each step that has ended since."""
        if self._record is None:
            self._console.print(f"run {record.id}: {record.pipeline} on {record.environment}")
        self._record = record
        for step in changed(record, event):
            if step.state.is_terminal and step.name not in self._shown:
                self._shown.add(step.name)
                self._console.print(Text.from_ansi(f"  {describe(step, _width(record))}"))
            elif not step.state.is_terminal:
                self._shown.discard(step.name)

    def __rich__(self) -> Text:
        lines = _picture(self._record, datetime.now(UTC)) if self._record else ()
        return Text.from_ansi("\n".join(lines), no_wrap=True, overflow="ellipsis")


def _picture(record: RunRecord, now: datetime) -> Iterator[str]:
    width = _width(record)
    open_steps = [step for step in record.steps.values() if not step.state.is_terminal]
    busy = [step for step in open_steps if step.state is not StepState.WAITING or step.asked]
    for step in busy[:MOST_LINES]:
        is_asked = step.asked and not step.attempts
        yield f"  {waits(record, step, width) if is_asked else _line(step, width, now)}"
    rest = Counter(str(step.state) for step in [*busy[MOST_LINES:], *(step for step in open_steps if step not in busy)])
    if rest:
        yield output.dim("  " + ", ".join(f"{count} {state}" for state, count in rest.items()))


def _line(step: StepRecord, width: int, now: datetime) -> str:
    name = f"{step.name.ljust(width)}  {output.state(step.state)}"
    since = (step.attempt.since or step.attempt.intended) if step.attempt else step.started
    gap = " " * (len("succeeded") - len(step.state)) + output.GAP
    clock = gap + output.seconds(between(since, now)).rjust(len("59 min 59 s"))
    again = f"  attempt {step.attempt.number}" if step.attempt and step.attempt.number > 1 else ""
    return f"{name}{clock}{again}"


def _width(record: RunRecord) -> int:
    return max(map(len, record.steps))
