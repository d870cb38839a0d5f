"""What a driver does about a platform that does not tell it where its jobs stand."""

import pytest

from moorage.errors import AccessDenied, PlatformError
from moorage.journal import read_record
from moorage.runs.attempts import DEAF_AFTER
from moorage.states import RunState
from tests.rigs.imaginary import Outcome, lasting

AWAY = PlatformError("the imaginary platform does not answer")
DENIED = AccessDenied("you may not list jobs")


def test_a_platform_that_does_not_answer_for_a_while_costs_nothing_but_time(stage, pipeline):
    set_ = stage()
    turns = iter(range(1000))

    def come_back():
        set_.platform.silence = AWAY if next(turns) <= 20 else None

    set_.platform.silence, set_.platform.on_wait = AWAY, come_back
    assert set_.drive(pipeline({"name": "a"})).state is RunState.SUCCEEDED


def test_a_platform_that_never_allowed_to_be_asked_ends_the_driver_at_once(stage, pipeline):
    set_ = stage()
    driver = set_.driver(set_.make(pipeline({"name": "a"})))
    begun, set_.platform.silence = set_.platform.now, DENIED
    with pytest.raises(AccessDenied):
        driver.drive()
    assert set_.platform.now - begun < DEAF_AFTER
    assert read_record(set_.store, driver.record.id).driver is None


def test_a_platform_that_no_longer_allows_to_be_asked_is_borne_for_a_minute(stage, pipeline):
    set_ = stage({("a", 1): lasting(Outcome(), 3600)})
    driver = set_.driver(set_.make(pipeline({"name": "a"})))
    turns, begun = iter(range(1000)), set_.platform.now

    def refuse():
        set_.platform.silence = DENIED if next(turns) else None

    set_.platform.on_wait = refuse
    with pytest.raises(AccessDenied):
        driver.drive()
    assert DEAF_AFTER <= set_.platform.now - begun < 2 * DEAF_AFTER


def test_a_platform_that_a_driver_never_heard_of_ends_it_after_a_minute(stage, pipeline):
    set_ = stage({("a", 1): lasting(Outcome(), 3600)})
    run = set_.make(pipeline({"name": "a"}))
    first = set_.driver(run, "one")
    set_.platform.on_wait = first.leave
    first.drive()
    begun, set_.platform.silence, set_.platform.on_wait = set_.platform.now, AWAY, lambda: None
    with pytest.raises(PlatformError, match="does not answer"):
        set_.driver(run, "two").drive()
    assert DEAF_AFTER <= set_.platform.now - begun < 2 * DEAF_AFTER
