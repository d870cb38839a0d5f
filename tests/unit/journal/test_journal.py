"""The journal: append-only segments, one writer, and a record that is their fold."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.errors import Corrupt, NotFound
from moorage.journal import Journal, LostRun, create, events, read_events, read_record
from moorage.states import RunState, State, StepState
from moorage.store import Store, open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = events.RunCreated(at=NOW, run="r1", pipeline="acme", environment="local", steps=("a", "b"))


def _store(name: str) -> Store:
    store = open_store(f"memory://{name}")
    for entry in list(store.list("runs/")):
        store.delete(entry.key)
    assert create(store, "maker", FIRST)
    return store


@pytest.fixture
def store() -> Store:
    return _store(uuid.uuid4().hex)


def _ended(step: str, seconds: int = 1) -> events.StepEnded:
    return events.StepEnded(at=NOW + timedelta(seconds=seconds), step=step, state=StepState.SUCCEEDED)


def test_a_run_is_created_once(store):
    assert not create(store, "another", FIRST)


def test_what_was_flushed_is_read_again_by_anyone(store):
    journal = Journal.open(store, "r1", "one")
    journal.note(_ended("a"))
    assert read_record(store, "r1").steps["a"].state is StepState.WAITING
    journal.flush()
    assert read_record(store, "r1") == journal.record
    assert read_record(store, "r1").steps["a"].state is StepState.SUCCEEDED


def test_whoever_fails_to_write_a_segment_has_lost_the_run(store):
    one, two = Journal.open(store, "r1", "one"), Journal.open(store, "r1", "two")
    two.note(_ended("a"))
    two.flush()
    one.note(_ended("b"))
    with pytest.raises(LostRun):
        one.flush()
    assert read_record(store, "r1").steps["b"].state is StepState.WAITING


def test_a_snapshot_holds_what_the_segments_before_it_held(store):
    journal = Journal.open(store, "r1", "one")
    for number in range(200):
        journal.note(events.DriverStarted(at=NOW, driver=f"d{number}", host="h", pid=number))
        journal.flush()
    assert read_record(store, "r1") == journal.record
    assert len(list(read_events(store, "r1"))) == 201


def test_a_run_that_is_not_there_is_named(store):
    with pytest.raises(NotFound, match="no run 'r2'"):
        read_record(store, "r2")


@pytest.mark.parametrize("junk", [b"", b"\xff\xfe", b"{}", b'{"driver": "x", "snapshot": true}', b"[]\n{}"])
def test_a_damaged_segment_is_a_sentence(store, junk):
    store.put("runs/r1/journal/00000001.jsonl", junk)
    with pytest.raises(Corrupt, match="segment 1 of run r1 cannot be read"):
        read_record(store, "r1")


_STEPS = st.sampled_from(["a", "b"])
_EVENTS = st.one_of(
    st.builds(lambda step, state: events.StepEnded(at=NOW, step=step, state=state), _STEPS, st.sampled_from(StepState)),
    st.builds(lambda step: events.AttemptIntended(at=NOW, step=step, attempt=1, job="j", key="k", parts={}), _STEPS),
    st.builds(lambda step: events.StepRetrying(at=NOW, step=step, not_before=NOW), _STEPS),
    st.builds(lambda step: events.ApprovalAsked(at=NOW, step=step), _STEPS),
    st.builds(lambda steps: events.RunResumed(at=NOW, steps=tuple(steps)), st.lists(_STEPS, max_size=2)),
    st.just(events.RunEnded(at=NOW, state=RunState.FAILED)),
)


@given(batches=st.lists(st.lists(_EVENTS, max_size=4), max_size=80))
def test_the_record_is_the_same_however_the_events_were_cut_into_segments(batches):
    store = _store("cuts")
    journal = Journal.open(store, "r1", "one")
    for batch in batches:
        for event in batch:
            journal.note(event)
        journal.flush()
    assert read_record(store, "r1") == journal.record


def test_an_attempt_goes_from_intended_to_finished(store):
    journal = Journal.open(store, "r1", "one")
    journal.note(events.AttemptIntended(at=NOW, step="a", attempt=1, job="mr-r1-a-1-x", key="k", parts={"code": "c"}))
    journal.note(events.AttemptSubmitted(at=NOW, step="a", attempt=1, handle={"pid": "7"}))
    journal.note(events.AttemptObserved(at=NOW, step="a", attempt=1, state=State.RUNNING))
    assert journal.record.steps["a"].state is StepState.RUNNING
    journal.note(events.AttemptFinished(at=NOW, step="a", attempt=1, state=State.SUCCEEDED))
    step = journal.record.steps["a"]
    attempt = step.attempts[-1]
    assert (step.state, attempt.handle, attempt.is_open) == (StepState.SUCCEEDED, {"pid": "7"}, False)


def test_a_journal_knows_how_much_of_it_is_durable(store):
    journal = Journal.open(store, "r1", "one")
    journal.note(_ended("a"))
    assert (journal.noted, journal.durable) == (1, 0)
    journal.flush()
    journal.note(_ended("b"))
    assert (journal.noted, journal.durable) == (2, 1)


def test_a_run_knows_when_it_was_resumed_after_its_end(store):
    journal = Journal.open(store, "r1", "one")
    journal.note(events.RunResumed(at=NOW, steps=("a",)))
    assert journal.record.reopened is None
    journal.note(events.RunEnded(at=NOW + timedelta(seconds=1), state=RunState.FAILED))
    journal.note(events.RunResumed(at=NOW + timedelta(seconds=2), steps=("a",)))
    assert journal.record.reopened == NOW + timedelta(seconds=2)
