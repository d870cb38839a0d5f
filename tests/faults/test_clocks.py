"""Clocks that are wrong: set back under a driver, and an hour apart between a driver and the next."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from moorage.journal import Journal, RunRecord, read_events
from moorage.runs.driver import Driver
from moorage.runs.making import read_resolved
from moorage.spec.models import Pipeline
from moorage.states import Cause, RunState
from tests.faults.stories import assert_sound
from tests.rigs.imaginary import Outcome, failure, lasting
from tests.rigs.stage import Stage

HOUR = timedelta(hours=1)
SKEWS = pytest.mark.parametrize("skew", [-HOUR, HOUR], ids=["an hour behind", "an hour ahead"])


class Skewed:
    """A driver's own clock: the platform's, and so much beside it."""

    def __init__(self, stage: Stage, skew: timedelta) -> None:
        self.stage, self.skew = stage, skew

    def __call__(self) -> datetime:
        return self.stage.platform.now + self.skew

    def driver(self, run: str, name: str) -> Driver:
        place = self.stage.place
        journal = Journal.open(place.store, run, name)
        return Driver(place, read_resolved(place.store, run), journal, name, lambda record, event: None, self)


def drive_twice(stage: Stage, run: str, skew: timedelta, turns: int) -> RunRecord:
    """Drive for some turns by the right clock, and to the end by a skewed one."""
    stage.platform.now = Journal.open(stage.store, run, "look").record.created
    first, left = Skewed(stage, timedelta(0)).driver(run, "first"), iter(range(turns))

    def on_wait() -> None:
        if next(left, None) is None:
            first.leave()

    stage.platform.on_wait = on_wait
    first.drive()
    stage.platform.on_wait = lambda: None
    return Skewed(stage, skew).driver(run, "second").drive()


def one_step(**fields: object) -> Pipeline:
    step = {"name": "a", "run": "acme.steps:work", **fields}
    return Pipeline.model_validate({"name": "acme", "steps": [step]})


@SKEWS
def test_a_job_at_work_is_not_late_by_the_next_drivers_clock(tmp_path: Path, skew: timedelta):
    timeout = {"queue": "30m", "start": "30m", "run": "30m"}
    for outcome in (Outcome(queued=600), Outcome(starting=600), Outcome(running=600)):
        stage = Stage(tmp_path, {("a", 1): outcome}, None)
        record = drive_twice(stage, stage.make(one_step(timeout=timeout)), skew, turns=3)
        assert record.state is RunState.SUCCEEDED
        assert len(record.steps["a"].attempts) == 1


@SKEWS
def test_a_job_that_hangs_is_late_within_its_timeout_of_the_next_driver(tmp_path: Path, skew: timedelta):
    stage = Stage(tmp_path, {("a", 1): Outcome(running=1e6, result=None)}, None)
    began = stage.platform.now
    record = drive_twice(stage, stage.make(one_step(timeout="30m")), skew, turns=3)
    assert record.steps["a"].cause is Cause.TIMED_OUT
    assert all(job.cancelled for job in stage.platform.jobs.values())
    assert stage.platform.now - max(began, record.created) < timedelta(minutes=35)


@SKEWS
def test_a_retry_waits_for_its_backoff_and_not_for_the_clock(tmp_path: Path, skew: timedelta):
    stage = Stage(tmp_path, {("a", 1): failure()}, None)
    run = stage.make(one_step(retries={"limit": 1, "backoff": "60s"}))
    record = drive_twice(stage, run, skew, turns=3)
    assert record.state is RunState.SUCCEEDED
    assert stage.platform.now - record.created < timedelta(minutes=3)


@SKEWS
def test_a_journal_never_goes_back(tmp_path: Path, skew: timedelta):
    for turns in range(8):
        stage = Stage(tmp_path, {("a", 1): failure(), ("a", 2): lasting(Outcome(), 30)}, None)
        run = stage.make(one_step(retries={"limit": 2, "backoff": "5s"}))
        assert drive_twice(stage, run, skew, turns).state is RunState.SUCCEEDED
        times = [event.at for event in read_events(stage.store, run)]
        assert times == sorted(times)
        assert_sound(stage.store, run)


def test_time_goes_on_for_a_driver_whose_clock_is_set_back_at_any_turn(tmp_path: Path):
    for turn in range(12):
        stage = Stage(tmp_path, {("a", 1): failure(), ("a", 2): failure()}, None)
        run = stage.make(one_step(retries={"limit": 2, "backoff": "60s"}))
        stage.platform.now = Journal.open(stage.store, run, "look").record.created
        clock, turns = Skewed(stage, timedelta(0)), iter(range(100))
        driver = clock.driver(run, "only")

        def on_wait(clock=clock, turns=turns, turn=turn) -> None:
            if next(turns) == turn:
                clock.skew = -HOUR

        stage.platform.on_wait = on_wait
        record = driver.drive()
        assert record.state is RunState.SUCCEEDED
        assert stage.platform.now - record.created < timedelta(minutes=5)
        times = [event.at for event in read_events(stage.store, run)]
        assert times == sorted(times)


@SKEWS
def test_a_missing_job_is_not_lost_before_the_next_driver_has_looked_for_a_minute(tmp_path: Path, skew: timedelta):
    outcome = Outcome(running=1, vanishes=True, result=None)
    stage = Stage(tmp_path, {("a", 1): outcome}, None)
    record = drive_twice(stage, stage.make(one_step()), skew, turns=2)
    assert record.steps["a"].cause is Cause.LOST
    ended = record.steps["a"].attempts[0].finished
    assert ended is not None
    assert record.driven is not None
    assert ended - record.driven >= timedelta(seconds=60)
