"""Which steps a resumed run does anew."""

import pytest

from moorage.journal import Journal
from moorage.runs.again import steps_again, wait_again
from moorage.states import RunState
from moorage.step.request import Artifact
from moorage.store import put_bytes
from moorage.store.blobs import key_of
from tests.rigs.imaginary import failure, success


def made(store, text: bytes, profile: bytes) -> Artifact:
    blob = put_bytes(store, text)
    return Artifact("table", blob.digest, blob.size, profile=put_bytes(store, profile).digest)


@pytest.fixture
def chain(stage, pipeline):
    """Return a stage, a pipeline a -> b -> c whose last step failed, and its run."""
    set_ = stage({("c", 1): failure()})
    table = {"outputs": {"t": {"kind": "table"}}}
    plan = pipeline(
        {"name": "a", **table},
        {"name": "b", **table, "inputs": {"x": "a.t"}},
        {"name": "c", "inputs": {"x": "b.t"}},
        {"name": "d", "after": ["c"]},
        {"name": "apart", **table},
    )
    for name in ("a", "b", "apart"):
        set_.platform.script[name, 1] = success(t=made(set_.store, name.encode(), b"profile of " + name.encode()))
    return set_, plan, set_.drive(plan)


def lose(stage, record, step: str) -> None:
    stage.store.delete(key_of(record.steps[step].outputs["t"].digest))


def test_what_failed_and_what_was_skipped_waits_again(chain):
    stage, plan, record = chain
    assert steps_again(stage.store, plan, record) == ("c", "d")


def test_a_success_whose_bytes_are_gone_waits_again_when_they_are_needed(chain):
    stage, plan, record = chain
    lose(stage, record, "b")
    assert steps_again(stage.store, plan, record) == ("b", "c", "d")
    lose(stage, record, "a")
    assert steps_again(stage.store, plan, record) == ("a", "b", "c", "d")


def test_bytes_that_nothing_will_read_are_not_made_again(chain):
    stage, plan, record = chain
    lose(stage, record, "a")
    lose(stage, record, "apart")
    assert steps_again(stage.store, plan, record) == ("c", "d")


def test_a_gate_on_drift_needs_the_profile_and_no_more(stage, pipeline):
    set_ = stage({("other", 1): failure()})
    set_.platform.script["a", 1] = success(t=made(set_.store, b"a", b"profile"))
    plan = pipeline(
        {"name": "a", "outputs": {"t": {"kind": "table"}}},
        {"name": "other"},
        {"name": "gate", "require": {"a.t.drift": {"is": "<= 0.2", "first": "pass"}}, "after": ["other"]},
    )
    record = set_.drive(plan)
    lose(set_, record, "a")
    assert steps_again(set_.store, plan, record) == ("other", "gate")
    set_.store.delete(key_of(record.steps["a"].outputs["t"].profile))
    assert steps_again(set_.store, plan, record) == ("a", "other", "gate")


def test_a_resumed_run_makes_lost_bytes_and_goes_on(chain):
    stage, plan, record = chain
    lose(stage, record, "b")
    stage.platform.script["b", 2] = stage.platform.script["b", 1]
    journal = Journal.open(stage.store, record.id, "again")
    wait_again(stage.store, plan, journal)
    journal.flush()
    assert journal.latest >= record.finished
    record = stage.driver(record.id, "two").drive()
    assert record.state is RunState.SUCCEEDED
    assert {name: len(step.attempts) for name, step in record.steps.items()} == {
        "a": 1, "b": 2, "c": 2, "d": 1, "apart": 1,
    }  # fmt: skip
