"""What is said of a step that ran out of memory."""

import resource
import signal

import pytest

from moorage.states import Cause
from moorage.step import memory
from moorage.step.memory import measured
from moorage.step.task import Answer, Failure

KILLED = Answer(Failure(Cause.OUT_OF_MEMORY, "it was killed"))
ABORTED = Answer(Failure(Cause.USER, "the step was killed by signal 6 (SIGABRT), not by moorage"))


@pytest.fixture(autouse=True)
def used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that had 400 MiB, in no group of its own, with a limit on its data."""
    monkeypatch.setattr(memory, "children_usage", lambda: (1.0, 400.0))
    monkeypatch.setattr(memory, "own_groups", list)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2**30, 2**30))


def said(answer: Answer, status: int = 0, limit_gib: float | None = None) -> tuple[Cause, str]:
    failure = measured(answer, status, limit_gib).failure
    assert failure is not None
    return failure.cause, failure.message


def test_what_was_used_and_what_may_be_is_said():
    assert said(KILLED, limit_gib=0.5)[1] == "it was killed; it used up to 400 MiB, and may use 512 MiB"
    assert said(KILLED, limit_gib=1.5)[1] == "it was killed; it used up to 400 MiB, and may use 1.5 GiB"
    assert said(KILLED)[1] == "it was killed; it used up to 400 MiB, and its spec sets no limit"


def test_a_library_that_aborts_near_the_limit_got_no_memory():
    cause, message = said(ABORTED, signal.SIGABRT, 0.5)
    assert cause is Cause.OUT_OF_MEMORY
    assert message.endswith("as libraries do that get no memory; it used up to 400 MiB, and may use 512 MiB")


@pytest.mark.parametrize(
    ("status", "limit_gib"), [(signal.SIGABRT, 4.0), (signal.SIGABRT, None), (signal.SIGSEGV, 0.5)]
)
def test_any_other_signal_is_the_steps_own(status: int, limit_gib: float | None):
    assert said(ABORTED, status, limit_gib) == (Cause.USER, "the step was killed by signal 6 (SIGABRT), not by moorage")


def test_other_failures_are_left_as_they_are():
    assert measured(Answer(Failure(Cause.USER, "KeyError")), 0, 0.5).failure == Failure(Cause.USER, "KeyError")
    assert measured(Answer(), 0, 0.5) == Answer()
