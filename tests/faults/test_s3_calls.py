"""A driver whose bucket is a real S3 server behind a line that refuses, fails, or loses answers after the deed."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from moorage.errors import AccessDenied
from moorage.store import open_store
from moorage.store.patient import patient
from tests.conftest import SOAK
from tests.faults.stories import STORY, assert_ended_well, drive, finish, story_stage
from tests.unit.store.proxy import Call, Proxy

NUMBERS = range(1, 60) if SOAK else (9, 26)
"""The calls that meet the fault; a run makes about 50."""


def numbered(number: int, count: int = 1):
    """Return what says of each call whether it is among those `count` from `number` on."""
    calls = iter(range(1, 1_000_000))
    return lambda call: number <= next(calls) < number + count


@pytest.fixture
def stage(tmp_path: Path, bucket: str, proxy: Proxy):
    return story_stage(tmp_path, open_store(bucket))


@pytest.mark.parametrize("number", NUMBERS)
def test_a_lost_answer_of_any_call_changes_nothing(stage, proxy: Proxy, number: int):
    run = stage.make(STORY)
    proxy.drops = numbered(number)
    drive(stage, run, "first", replace(stage.place, store=patient(stage.store)))
    proxy.drops = lambda call: False
    assert_ended_well(stage, run)


@pytest.mark.parametrize("number", NUMBERS if SOAK else NUMBERS[:1])
def test_a_server_that_fails_at_some_calls_is_asked_again(stage, proxy: Proxy, number: int):
    run = stage.make(STORY)
    fails = numbered(number, count=9)  # more than obstore itself bears

    def answers(call: Call) -> int | None:
        return 503 if fails(call) else None

    proxy.answers = answers
    drive(stage, run, "first", replace(stage.place, store=patient(stage.store)))
    proxy.answers = lambda call: None
    assert_ended_well(stage, run)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_refused_call_ends_the_driver_and_the_next_one_finishes(stage, proxy: Proxy, number: int):
    run = stage.make(STORY)
    refused = numbered(number)
    proxy.answers = lambda call: 403 if refused(call) else None
    with suppress(AccessDenied):
        drive(stage, run, "first", replace(stage.place, store=patient(stage.store)))
    proxy.answers = lambda call: None
    finish(stage, run)
    assert_ended_well(stage, run)
