"""Each call of a driver to its store, in turn: refused, throttled, lost, late, or done although it timed out."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from moorage.errors import AccessDenied, MoorageError
from moorage.journal import LostRun
from moorage.plan.planning import Draft
from moorage.runs.making import make_run
from moorage.runs.summary import list_summaries
from moorage.store.failures import Unanswered
from moorage.store.patient import PATIENCE_SECONDS, patient
from tests.conftest import SOAK
from tests.faults.stories import CACHED, ENDS, STORY, assert_ended_well, drive, finish, story_stage
from tests.rigs.faulty import Fault, Plan, faulty, once
from tests.rigs.imaginary import START, resolved
from tests.rigs.stage import Stage

PASSING = [fault for fault in Fault if fault is not Fault.REFUSED]


def begin(tmp_path: Path, cached: bool) -> tuple[Stage, str]:
    stage = story_stage(tmp_path)
    if cached:
        finish(stage, stage.make(STORY))
    return stage, stage.make(STORY)


class Line:
    """A driver's line to its store, on the platform's clock; waiting costs none of ours."""

    def __init__(self, stage: Stage, plan: Plan) -> None:
        self.stage = stage
        self.on_late: Callable[[], object] = lambda: self.sleep(600)
        store, self.objects = faulty(stage.store, plan, lambda: self.on_late())
        self.store = patient(store, sleep=self.sleep, clock=self.clock)

    def sleep(self, seconds: float) -> None:
        self.stage.platform.now += timedelta(seconds=seconds)

    def clock(self) -> float:
        return (self.stage.platform.now - START).total_seconds()

    def drive(self, run: str) -> None:
        drive(self.stage, run, "first", replace(self.stage.place, store=self.store))


def each_call(tmp_path: Path, fault: Fault, cached: bool = False) -> Iterator[tuple[Line, str]]:
    """Yield a line whose first call meets the fault, then one whose second does, until a run has fewer calls."""
    for number in itertools.count(1):
        stage, run = begin(tmp_path, cached)
        line = Line(stage, once(number, fault))
        yield line, run
        if line.objects.calls < number:
            assert number > 15
            return


@pytest.mark.parametrize("cached", [False, True], ids=["fresh", "cached"])
@pytest.mark.parametrize("fault", PASSING)
def test_a_driver_bears_what_passes_at_any_call(tmp_path: Path, fault: Fault, cached: bool):
    for line, run in each_call(tmp_path, fault, cached):
        line.drive(run)
        assert_ended_well(line.stage, run, CACHED if cached else ENDS)


@pytest.mark.parametrize("cached", [False, True], ids=["fresh", "cached"])
def test_a_driver_that_is_refused_at_any_call_says_so_and_the_next_one_finishes(tmp_path: Path, cached: bool):
    for line, run in each_call(tmp_path, Fault.REFUSED, cached):
        with suppress(AccessDenied):
            line.drive(run)
        finish(line.stage, run)
        assert_ended_well(line.stage, run, CACHED if cached else ENDS)


def test_a_driver_whose_answer_comes_so_late_that_another_took_the_run_stops(tmp_path: Path):
    lost = 0
    for line, run in each_call(tmp_path, Fault.LATE):
        line.on_late = partial(finish, line.stage, run)
        try:
            line.drive(run)
        except LostRun:
            lost += 1
        assert_ended_well(line.stage, run)
    assert lost > 10


class Outage:
    """A line that is away from one call on, for some seconds of its clock."""

    def __init__(self, tmp_path: Path, first: int, fault: Fault, seconds: float) -> None:
        self.stage, self.run = begin(tmp_path, cached=False)
        self.first, self.fault, self.seconds, self.until = first, fault, seconds, float("inf")
        self.line = Line(self.stage, self.plan)

    def plan(self, number: int) -> Fault | None:
        if number == self.first:
            self.until = self.line.clock() + self.seconds
        return self.fault if number >= self.first and self.line.clock() < self.until else None


FIRSTS = range(1, 60, 1 if SOAK else 6)


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.NEVER_ARRIVED, Fault.TIMED_OUT])
def test_an_outage_of_half_a_minute_does_not_end_a_driver(tmp_path: Path, fault: Fault):
    for first in FIRSTS:
        outage = Outage(tmp_path, first, fault, seconds=30)
        outage.line.drive(outage.run)
        assert_ended_well(outage.stage, outage.run)


def test_an_outage_that_lasts_ends_the_driver_with_a_sentence_and_the_next_one_finishes(tmp_path: Path):
    for first in FIRSTS:
        outage = Outage(tmp_path, first, Fault.NEVER_ARRIVED, seconds=1e6)
        with suppress(Unanswered):
            outage.line.drive(outage.run)
        away = outage.line.clock() - outage.until + outage.seconds
        assert away < 2 * PATIENCE_SECONDS
        finish(outage.stage, outage.run)
        assert_ended_well(outage.stage, outage.run)


@pytest.mark.parametrize("fault", Fault)
def test_a_run_is_made_whole_or_not_at_all_whatever_call_fails(tmp_path: Path, fault: Fault):
    for number in itertools.count(1):
        stage = story_stage(tmp_path)
        store, line = faulty(stage.store, once(number, fault))
        with suppress(MoorageError):
            make_run(replace(stage.place, store=store), Draft(resolved(STORY, stage.store), None, {}))
        for summary in list_summaries(stage.store, START):
            finish(stage, summary.id)
            assert_ended_well(stage, summary.id)
        if line.calls < number:
            assert number > 4
            break
