"""What the driver judges itself: gates by their metrics, approvals and cancels by what people say."""

from moorage.journal import read_record
from moorage.runs.commands import send
from moorage.states import Cause, RunState, StepState
from tests.rigs.imaginary import Outcome, lasting, metrics, success

SCORES = {"scores": {"kind": "metrics"}}


def test_a_gate_that_is_met_lets_the_run_go_on(stage, pipeline):
    record = stage({("train", 1): success(scores=metrics(auc=0.9))}).drive(
        pipeline(
            {"name": "train", "outputs": SCORES},
            {"name": "gate", "require": {"train.scores.auc": ">= 0.75"}},
            {"name": "ship", "after": ["gate"]},
        )
    )
    assert record.state is RunState.SUCCEEDED
    assert record.steps["gate"].message == "train.scores.auc is 0.9; >= 0.75 was required"


def test_a_gate_that_is_missed_fails_the_run_and_skips_the_rest(stage, pipeline):
    record = stage({("train", 1): success(scores=metrics(auc=0.7))}).drive(
        pipeline(
            {"name": "train", "outputs": SCORES},
            {"name": "gate", "require": {"train.scores.auc": ">= 0.75"}},
            {"name": "ship", "after": ["gate"]},
        )
    )
    assert record.state is RunState.FAILED
    assert (record.steps["gate"].cause, record.steps["ship"].state) == (Cause.GATE, StepState.SKIPPED)


def test_an_approval_waits_for_a_person(stage, pipeline):
    set_ = stage()
    plan = pipeline({"name": "approve", "approval": {"by": ["risk-team"]}}, {"name": "ship", "after": ["approve"]})
    run = set_.make(plan)

    def answer():
        record = read_record(set_.store, run)
        if record.steps["approve"].asked and not record.commands:
            send(set_.store, record, plan, "approve", by="risk-team", comment="fine")

    set_.platform.on_wait = answer
    record = set_.driver(run).drive()
    assert record.state is RunState.SUCCEEDED
    assert record.steps["approve"].message == "approved by risk-team (claimed): fine"


def test_a_refused_approval_skips_what_waits_for_it(stage, pipeline):
    set_ = stage()
    plan = pipeline({"name": "approve", "approval": {}}, {"name": "ship", "after": ["approve"]})
    run = set_.make(plan)
    set_.platform.on_wait = lambda: _send_once(set_, run, plan, "reject", step="approve", by="ann")
    record = set_.driver(run).drive()
    assert record.state is RunState.FAILED
    assert (record.steps["approve"].cause, record.steps["ship"].state) == (Cause.REFUSED, StepState.SKIPPED)


def test_cancel_stops_what_runs_and_starts_nothing_more(stage, pipeline):
    set_ = stage({("a", 1): lasting(Outcome(), 10_000)})
    plan = pipeline({"name": "a"}, {"name": "b", "after": ["a"]})
    run = set_.make(plan)
    set_.platform.on_wait = lambda: _send_once(set_, run, plan, "cancel", by="ann")
    record = set_.driver(run).drive()
    assert record.state is RunState.CANCELLED
    assert [step.state for step in record.steps.values()] == [StepState.CANCELLED] * 2
    assert all(job.cancelled for job in set_.platform.jobs.values())


def _send_once(set_, run, plan, kind, **fields):
    record = read_record(set_.store, run)
    known = list(set_.store.list(f"runs/{run}/commands/"))
    if not known:
        send(set_.store, record, plan, kind, **fields)
