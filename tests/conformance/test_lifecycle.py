"""How a job begins and ends on every platform: once, and for good."""

from itertools import chain

import pytest

from moorage.errors import TargetError
from moorage.ports import Handle, Owner
from moorage.states import Cause, State
from tests.rigs.base import Rig, Work

SLEEPS = Work(("sleep", "600"))
FAILS = Work(("sh", "-c", "echo it did not work >&2; exit 3"))
FAMILY = Work(("sh", "-c", "sleep 600 & setsid sleep 600 & (setsid sh -c 'sleep 600 & sleep 600' &); echo ready; wait"))
SUBMITTERS = 4


def test_a_job_ends(rig: Rig) -> None:
    assert rig.run(Work()).state is State.SUCCEEDED
    assert rig.result(Work()).state is State.SUCCEEDED


def test_a_failing_job_fails_and_says_why(rig: Rig) -> None:
    assert rig.run(FAILS).state is State.FAILED
    assert rig.result(FAILS).cause is Cause.USER
    assert "exited with 3" in (rig.result(FAILS).message or "")


def test_the_same_key_never_starts_a_second_job(rig: Rig) -> None:
    request = rig.lower(Work())
    assert rig.submit(request, key="one") == rig.submit(request, key="one")
    rig.await_end(rig.submit(request, key="one"))
    assert rig.starts(Work()) == 1


def test_a_key_whose_job_has_ended_starts_nothing(rig: Rig) -> None:
    request = rig.lower(Work())
    first = rig.submit(request, key="one")
    rig.await_end(first)
    assert rig.connect().submit(request, key="one") == first
    assert rig.observe(first).state is State.SUCCEEDED
    assert rig.starts(Work()) == 1


def test_submitters_at_one_time_get_one_job(rig: Rig) -> None:
    handles = rig.submit_from_many(rig.lower(Work()), "one", SUBMITTERS)
    assert handles == [handles[0]] * SUBMITTERS
    assert rig.await_end(handles[0]).state is State.SUCCEEDED
    assert rig.starts(Work()) == 1


def test_a_submitter_that_dies_anywhere_leaves_one_job_or_none(rig: Rig) -> None:
    for number, place in enumerate(rig.crashes):
        work = Work(run=f"r{number}")
        request = rig.lower(work)
        rig.crash(request, key=work.run, place=place)
        assert rig.await_end(rig.submit(request, key=work.run)).state is State.SUCCEEDED, place
        assert rig.starts(work) == 1, place


def test_a_job_outlives_its_submitter_and_is_found_by_its_owner(rig: Rig) -> None:
    rig.crash(rig.lower(Work(("sleep", "0.3"))), key="one", place="after submit")
    later = rig.connect()
    (handle,) = later.owned(Owner(environment="suite", pipeline="suite", run="r1"))
    assert rig.await_end(handle, by=later).state is State.SUCCEEDED
    assert rig.starts(Work()) == 1


def test_a_job_that_nobody_started_is_missing(rig: Rig) -> None:
    ended = rig.submit(rig.lower(Work()), key="one")
    rig.await_end(ended)
    stranger = Handle(ended.platform, ended.job, {**ended.data, "key": "another"})
    assert rig.observe(stranger).state is State.MISSING
    rig.connection.cancel(stranger)
    assert list(rig.connection.logs(stranger)) == []


def test_many_jobs_are_observed_in_their_order(rig: Rig) -> None:
    works = [Work(), Work(FAILS.command, run="r2"), Work(run="r3")]
    handles = [rig.submit(rig.lower(work), key=work.run) for work in works]
    for handle in handles:
        rig.await_end(handle)
    seen = rig.connection.observe(handles)
    assert [each.handle for each in seen] == handles
    assert [each.state for each in seen] == [State.SUCCEEDED, State.FAILED, State.SUCCEEDED]


def test_waiting_ends_with_the_first_job_that_ends(rig: Rig) -> None:
    sleeper = rig.submit(rig.lower(SLEEPS), key="one")
    rig.await_state(sleeper, State.RUNNING)
    quick = rig.submit(rig.lower(Work(run="r2")), key="two")
    while not rig.observe(quick).state.is_terminal:
        rig.connection.wait([sleeper, quick], 600)
    assert rig.observe(sleeper).state is State.RUNNING
    rig.connection.wait([sleeper], 0.01)


def test_a_job_is_cancelled_once_for_ever(rig: Rig) -> None:
    handle = rig.submit(rig.lower(SLEEPS), key="one")
    rig.await_state(handle, State.RUNNING)
    rig.connection.cancel(handle)
    rig.connection.cancel(handle)
    assert rig.observe(handle).state is State.CANCELLED
    assert rig.submit(rig.lower(SLEEPS), key="one") == handle
    assert rig.observe(handle).state is State.CANCELLED


def test_a_job_is_cancelled_before_it_has_begun(rig: Rig) -> None:
    handle = rig.submit(rig.lower(SLEEPS), key="one")
    rig.connection.cancel(handle)
    assert rig.observe(handle).state is State.CANCELLED
    assert list(rig.leftovers(handle)) == []


def test_nothing_of_a_cancelled_job_is_left(rig: Rig) -> None:
    handle = rig.submit(rig.lower(FAMILY), key="one")
    rig.await_log(FAMILY, "ready")
    assert list(rig.leftovers(handle)) != []
    rig.connection.cancel(handle)
    assert list(rig.leftovers(handle)) == []


def test_cancelling_what_has_ended_changes_nothing(rig: Rig) -> None:
    handle = rig.submit(rig.lower(Work()), key="one")
    rig.await_end(handle)
    rig.connection.cancel(handle)
    assert rig.observe(handle).state is State.SUCCEEDED


def test_a_job_does_not_outlive_its_deadline(rig: Rig) -> None:
    work = Work(FAMILY.command, timeout_seconds=0.5)
    handle = rig.submit(rig.lower(work), key="one")
    seen = rig.await_end(handle)
    assert (seen.state, seen.cause) == (State.FAILED, Cause.TIMED_OUT)
    assert list(rig.leftovers(handle)) == []


def test_owned_finds_what_carries_the_tags_and_nothing_else(rig: Rig) -> None:
    works = [Work(run=run, step=step) for run in ("r1", "r2") for step in ("hello", "bye")]
    handles = [rig.submit(rig.lower(work), key=f"{work.run}-{work.step}") for work in works]
    for handle in handles:
        rig.await_end(handle)
    run = Owner(environment="suite", pipeline="suite", run="r2")
    assert sorted(rig.connection.owned(run), key=str) == sorted(handles[2:], key=str)
    assert list(rig.connection.owned(run.model_copy(update={"step": "bye"}))) == handles[3:]
    assert list(rig.connection.owned(run.model_copy(update={"pipeline": "other"}))) == []


def test_a_secret_reaches_the_step_that_names_it(rig: Rig) -> None:
    rig.keep_secret("loans/token", "hunter2")
    knows = Work(("sh", "-c", 'test "$TOKEN" = hunter2'), secrets={"TOKEN": "loans/token"})
    assert rig.run(knows).state is State.SUCCEEDED


def test_a_secret_is_nowhere_but_in_the_step(rig: Rig) -> None:
    rig.keep_secret("loans/token", "hunter2")
    leaks = Work(("sh", "-c", "echo the token is $TOKEN; exit 1"), secrets={"TOKEN": "loans/token"})
    handle = rig.submit(rig.lower(leaks), key="one")
    seen = rig.await_end(handle)
    kept = [rig.store.get(entry.key) for entry in rig.store.list("")]
    said = chain([repr(handle), repr(seen)], rig.connection.logs(handle))
    assert not any(b"hunter2" in data for data in kept)
    assert not any("hunter2" in text for text in said)


def test_a_secret_that_is_not_there_is_named_before_anything_starts(rig: Rig) -> None:
    request = rig.lower(Work(secrets={"TOKEN": "loans/token"}))
    with pytest.raises(TargetError, match="loans/token"):
        rig.submit(request, key="one")
    assert rig.starts(Work()) == 0
