"""How a run goes: lines for a file, a picture for a terminal."""

import io

import click
import pytest
from rich.console import Console

from moorage.cli.live import MOST_LINES, Picture, _picture
from moorage.cli.progress import Lines
from moorage.journal import Event, RunRecord, events, fold
from moorage.states import Cause
from tests.unit.cli.past import START, after, attempt


def created(*steps: str) -> Event:
    return events.RunCreated(at=START, run="rone", pipeline="wines", environment="local", steps=steps)


def folds(*happened: Event) -> list[tuple[RunRecord, Event]]:
    record: RunRecord | None = None
    found = []
    for event in happened:
        record = fold(record, event)
        found.append((record, event))
    return found


def lines(capsys: pytest.CaptureFixture[str], *happened: Event) -> list[str]:
    watch = Lines()
    for record, event in folds(*happened):
        watch(record, event)
    printed = capsys.readouterr()
    assert printed.out == ""
    return [line[10:] if line[2] == ":" else line for line in click.unstyle(printed.err).splitlines()]


def test_each_change_of_a_step_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, created("train", "evaluate"), *attempt("train")) == [
        "run rone: wines on local",
        "train     queued",
        "train     running",
        "train     succeeded  3.2 s",
    ]


def test_a_new_attempt_does_not_repeat_why_the_last_one_failed(capsys: pytest.CaptureFixture[str]) -> None:
    again = events.StepRetrying(at=after(4), step="train", not_before=after(9))
    tried = attempt("train", cause=Cause.LOST, message="gone")
    printed = lines(capsys, created("train"), *tried, again, *attempt("train", 2)[:3])
    assert printed[-3:] == ["train  retrying   lost: gone", "train  queued", "train  running"]


def test_a_failure_says_why_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    tried = attempt("train", cause=Cause.OUT_OF_MEMORY, message="it had 1 GiB\nmore")
    assert lines(capsys, created("train"), *tried)[-1] == "train  failed     3.2 s  out of memory: it had 1 GiB"


def test_a_cached_step_says_from_where(capsys: pytest.CaptureFixture[str]) -> None:
    cached = events.StepCached(
        at=START, step="train", key="0" * 64, parts={}, outputs={}, source_run="rzero", source_attempt=1
    )
    assert lines(capsys, created("train"), cached)[-1] == "train  cached     from rzero"


def test_an_approval_says_how_to_give_it(capsys: pytest.CaptureFixture[str]) -> None:
    asked = events.ApprovalAsked(at=START, step="approve", by=("ann",))
    assert lines(capsys, created("approve"), asked)[-1] == ("approve  waiting    for ann: moorage approve rone approve")


def drawn(*happened: Event) -> tuple[str, str]:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    picture = Picture(console)
    for record, event in folds(*happened):
        picture.see(record, event)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue(), picture.__rich__().plain


def test_a_picture_keeps_what_ended_above_and_what_works_below() -> None:
    above, below = drawn(created("train", "test", "last"), *attempt("train"), *attempt("test")[:3])
    assert [line.split() for line in above.splitlines()][1:] == [["train", "succeeded", "3.2", "s"]]
    assert below.splitlines()[0].split()[:2] == ["test", "running"]
    assert below.splitlines()[1].strip() == "1 waiting"


@pytest.mark.parametrize("minutes", [0, 1, 59, 111, 10_000])
def test_a_clock_never_touches_the_state(minutes: int) -> None:
    record = [record for record, _ in folds(created("train"), *attempt("train")[:3])][-1]
    (line,) = _picture(record, after(minutes * 60))
    assert click.unstyle(line).split()[:2] == ["train", "running"]


def test_a_picture_of_a_thousand_steps_stays_small() -> None:
    names = [f"s{number}" for number in range(1000)]
    below = drawn(created(*names), *(event for name in names[:50] for event in attempt(name)[:3]))[1]
    assert len(below.splitlines()) == MOST_LINES + 1
    assert below.splitlines()[-1].strip() == f"{50 - MOST_LINES} running, 950 waiting"


def test_a_retry_is_counted() -> None:
    again = events.StepRetrying(at=after(4), step="train", not_before=after(9))
    tried = attempt("train", cause=Cause.LOST, message="gone")
    assert drawn(created("train"), *tried, again, *attempt("train", 2)[:3])[1].rstrip().endswith("attempt 2")
