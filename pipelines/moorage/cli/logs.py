"""`moorage logs`: what steps wrote, with the time of each line."""

import heapq
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from moorage.cli import output
from moorage.cli.exits import Exit
from moorage.cli.follow import is_left, say_left
from moorage.cli.options import json_option, place_options, run_argument
from moorage.errors import SpecError
from moorage.journal import RunRecord, StepRecord
from moorage.runs import api
from moorage.spec.finding import did_you_mean
from moorage.states import RunState, StepState
from moorage.step.reading import read_log, read_result

WORK_SECONDS = 60.0
"""How long a step that outlived its driver may say nothing until it is taken for dead, too."""


@click.command("logs")
@run_argument
@click.argument("step", required=False)
@place_options
@click.option("-f", "--follow", is_flag=True, help="Go on until the step, or the run, has ended.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="The attempt; else the newest one.")
@json_option
def command(
    run_id: str,
    step: str | None,
    environment: str,
    project: Path | None,
    follow: bool,
    attempt: int | None,
    as_json: bool,
) -> None:
    """Print what the steps of a run wrote; -f follows.

    RUN is an id, the start of one, or `last`. Without STEP, the lines of all steps come in the order in which
    they were written, each with its step's name. With --json each line is one object. Exit code 1, with -f: the
    step, or the run, did not succeed, or nobody drives it.
    """
    place = api.open_place(environment, project)
    found = api.find_run(place, run_id)
    reader = _Reader(place, found, step, attempt, _Printer(step is None, as_json))
    reader.read_all()
    while follow and not reader.has_ended:
        quiet_seconds = time.monotonic() - reader.heard
        if is_left(place, found, quiet_seconds) and not (reader.is_at_work and quiet_seconds < WORK_SECONDS):
            say_left(place, reader.record)
            break
        time.sleep(0.3 if place.store.root else 3)
        reader.read_all()
    if not reader.printer.printed and not as_json:
        output.note(_nothing(reader.record, reader.steps))
    if follow and not reader.has_succeeded:
        raise click.exceptions.Exit(Exit.FAILED)


@dataclass(frozen=True)
class _Line:
    # Ordered by time: the stamps are UTC in one format, so text order is time order.
    stamp: str
    step: str
    attempt: int
    text: str

    def __lt__(self, other: "_Line") -> bool:
        return self.stamp < other.stamp


class _Printer:
    """Prints lines, and remembers whether there were any."""

    def __init__(self, with_step: bool, as_json: bool) -> None:
        self.printed = False
        self._with_step, self._as_json = with_step, as_json

    def line(self, line: _Line, width: int) -> None:
        self.printed = True
        if self._as_json:
            import json

            click.echo(json.dumps({"time": line.stamp, "step": line.step, "attempt": line.attempt, "text": line.text}))
            return
        clock = f"{datetime.fromisoformat(line.stamp).astimezone():%H:%M:%S}"
        name = f"{line.step.ljust(width)}  " if self._with_step else ""
        click.echo(f"{output.dim(clock)}  {name}{line.text}")


class _Reader:
    """Reads what has come since it last read."""

    def __init__(self, place: api.Place, run: str, step: str | None, attempt: int | None, printer: _Printer) -> None:
        self._place, self._run, self._step, self._attempt = place, run, step, attempt
        self._after: dict[tuple[str, int], int] = {}
        self._drained: set[tuple[str, int]] = set()
        self.printer = printer
        self.heard = time.monotonic()
        self.record = api.read_record(place, run)
        if step is not None and step not in self.record.steps:
            raise SpecError(f"run {run} has no step {step!r}", fix=did_you_mean(step, self.record.steps, "name a step"))
        if attempt is not None and not any(attempt <= len(item.attempts) for item in self.steps):
            raise SpecError(f"there was no attempt {attempt}", fix="`moorage show` says how many there were")

    @property
    def steps(self) -> Sequence[StepRecord]:
        """The steps that are asked for."""
        return [self.record.steps[self._step]] if self._step else list(self.record.steps.values())

    @property
    def has_ended(self) -> bool:
        """Whether no further line can come."""
        return self.record.finished is not None or all(step.state.is_terminal for step in self.steps)

    @property
    def has_succeeded(self) -> bool:
        """Whether what is asked for ended well: the step, or the run."""
        ended_well = (StepState.SUCCEEDED, StepState.CACHED)
        if self._step:
            return self.record.steps[self._step].state in ended_well
        return self.record.state is RunState.SUCCEEDED

    @property
    def is_at_work(self) -> bool:
        """Whether a step may still write, also one that outlived its driver."""
        return any(self._is_at_work(step) for step in self.steps)

    def _is_at_work(self, step: StepRecord) -> bool:
        number = len(step.attempts)
        return step.state.is_active and read_result(self._place.store, self._run, step.name, number) is None

    def read_all(self) -> None:
        """Print all lines that are there and were not printed before."""
        self.record = api.read_record(self._place, self._run)
        width = max(len(step.name) for step in self.steps)
        for line in heapq.merge(*(self._new(step, number) for step, number in self._attempts())):
            self.printer.line(line, width)
            self.heard = time.monotonic()

    def _attempts(self) -> Iterator[tuple[StepRecord, int]]:
        for step in self.steps:
            number = self._attempt or len(step.attempts)
            if 1 <= number <= len(step.attempts) and (step.name, number) not in self._drained:
                if not step.attempts[number - 1].is_open:
                    self._drained.add((step.name, number))
                yield step, number

    def _new(self, step: StepRecord, attempt: int) -> Iterator[_Line]:
        after = self._after.get((step.name, attempt), 0)
        for part in read_log(self._place.store, self._run, step.name, attempt, after):
            self._after[step.name, attempt] = part.number
            for line in part.lines:
                stamp, _, text = line.partition(" ")
                yield _Line(stamp, step.name, attempt, text)


def _nothing(record: RunRecord, steps: Sequence[StepRecord]) -> str:
    cached = [step for step in steps if step.state is StepState.CACHED]
    if cached and len(cached) == len(steps):
        return f"nothing ran here; see `moorage logs {cached[0].cached_from} {cached[0].name}`, whose result was taken"
    return f"nothing was written in run {record.id}"
