"""What a driver does, on a platform whose clock stands still between its turns."""

from datetime import timedelta

import pytest

from moorage.errors import QuotaExceeded, TargetError
from moorage.frozen import replaced
from moorage.journal import Journal, LostRun, read_record
from moorage.plan.planning import lower_all
from moorage.runs.commands import send
from moorage.runs.making import read_resolved
from moorage.states import Cause, RunState, State, StepState
from moorage.step.request import StepResult
from tests.rigs.imaginary import Outcome, failure, lasting


def test_steps_run_in_the_order_of_their_dependencies(stage, pipeline):
    record = stage().drive(pipeline({"name": "a"}, {"name": "c", "after": ["b"]}, {"name": "b", "after": ["a"]}))
    assert record.state is RunState.SUCCEEDED
    assert record.steps["a"].finished < record.steps["b"].finished < record.steps["c"].finished


def test_what_is_planned_for_a_run_is_what_the_run_sends_to_the_byte(stage, pipeline):
    set_ = stage()
    record = set_.drive(pipeline({"name": "a"}, {"name": "b", "after": ["a"], "resources": {"cpu": 2}}))
    frozen = read_resolved(set_.store, record.id)
    planned = lower_all(frozen, record.id, set_.platform, set_.place.target)
    sent = [job.request.model_dump_json() for job in set_.platform.jobs.values()]
    assert [step.request.model_dump_json() for step in planned if step.request] == sent


def test_independent_steps_run_at_once_where_the_platform_queues(stage, pipeline):
    set_ = stage()
    set_.drive(pipeline(*({"name": name} for name in "abcdef")))
    assert set_.platform.most_at_once == 6


def test_no_more_steps_run_at_once_than_fit(stage, pipeline):
    set_ = stage(cpu=4)
    record = set_.drive(pipeline(*({"name": name, "resources": {"cpu": 2}} for name in "abcdef")))
    assert record.state is RunState.SUCCEEDED
    assert set_.platform.most_at_once == 2


@pytest.mark.parametrize(
    "resources", [{"nodes": 2}, {"memory": "32GiB"}, {"cpu": 0.1, "gpu": {"count": 1}}], ids=["nodes", "memory", "gpus"]
)
def test_room_is_counted_for_all_nodes_in_memory_and_in_gpus(stage, pipeline, resources):
    set_ = stage(cpu=4)  # with 64 GiB and two GPUs
    record = set_.drive(pipeline(*({"name": name, "resources": resources} for name in "abcdef")))
    assert record.state is RunState.SUCCEEDED
    assert set_.platform.most_at_once == 2


def test_a_failing_step_fails_the_run_and_skips_what_waits_for_it(stage, pipeline):
    record = stage({("a", 1): failure()}).drive(
        pipeline({"name": "a"}, {"name": "b", "after": ["a"]}, {"name": "apart"})
    )
    assert record.state is RunState.FAILED
    assert record.steps["a"].cause is Cause.USER
    assert record.steps["b"].state is StepState.SKIPPED
    assert record.steps["b"].message == "it waits for a, which failed"
    assert record.steps["apart"].state is StepState.SUCCEEDED


def test_what_was_skipped_stays_so_when_the_rest_of_what_it_waited_for_ends(stage, pipeline):
    script = {("a", 1): failure(), ("slow", 1): lasting(Outcome(), 50)}
    record = stage(script).drive(pipeline({"name": "a"}, {"name": "slow"}, {"name": "both", "after": ["a", "slow"]}))
    assert record.steps["both"].state is StepState.SKIPPED
    assert record.steps["both"].finished < record.steps["slow"].finished


def test_on_failure_stop_cancels_what_runs(stage, pipeline):
    script = {("a", 1): failure(), ("long", 1): lasting(Outcome(), 1000)}
    record = stage(script).drive(pipeline({"name": "a"}, {"name": "long"}, on_failure="stop"))
    assert record.steps["long"].state is StepState.CANCELLED
    assert record.finished - record.created < timedelta(seconds=100)


def test_a_retryable_cause_gets_another_attempt_after_a_backoff(stage, pipeline):
    record = stage({("a", 1): failure(), ("a", 2): failure()}).drive(
        pipeline({"name": "a", "retries": {"limit": 2, "backoff": "10s"}})
    )
    first, second, third = record.steps["a"].attempts
    assert record.state is RunState.SUCCEEDED
    assert timedelta(seconds=5) <= second.intended - first.finished <= timedelta(seconds=11)
    assert timedelta(seconds=10) <= third.intended - second.finished <= timedelta(seconds=21)


def test_retries_end_at_their_limit(stage, pipeline):
    script = {("a", number): failure() for number in range(1, 5)}
    record = stage(script).drive(pipeline({"name": "a", "retries": 2}))
    assert record.state is RunState.FAILED
    assert len(record.steps["a"].attempts) == 3


def test_a_breach_of_contract_is_not_tried_again(stage, pipeline):
    record = stage({("a", 1): failure(Cause.CONTRACT)}).drive(pipeline({"name": "a", "retries": 5}))
    assert len(record.steps["a"].attempts) == 1


def test_the_long_form_narrows_the_causes(stage, pipeline):
    record = stage({("a", 1): failure(Cause.USER)}).drive(
        pipeline({"name": "a", "retries": {"limit": 5, "on": ["interrupted"]}})
    )
    assert len(record.steps["a"].attempts) == 1


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(queued=9000), "timeout.queue of 1h"),
        (Outcome(starting=9000), "timeout.start of 15m"),
        (Outcome(running=9000, result=None), "timeout.run of 2h"),
    ],
)
def test_each_deadline_ends_an_attempt_that_is_past_it(stage, pipeline, outcome, words):
    set_ = stage({("a", 1): outcome})
    record = set_.drive(pipeline({"name": "a", "timeout": {"queue": "1h", "start": "15m", "run": "2h"}}))
    assert record.steps["a"].cause is Cause.TIMED_OUT
    assert words in record.steps["a"].message
    assert all(job.cancelled for job in set_.platform.jobs.values())


def test_a_job_that_ends_without_a_result_is_lost(stage, pipeline):
    record = stage({("a", 1): Outcome(result=None)}).drive(pipeline({"name": "a"}))
    assert record.steps["a"].cause is Cause.LOST


def test_a_job_that_is_missing_is_lost_only_after_a_minute(stage, pipeline):
    record = stage({("a", 1): Outcome(result=None, vanishes=True)}).drive(pipeline({"name": "a"}))
    attempt = record.steps["a"].attempt
    assert attempt.cause is Cause.LOST
    assert attempt.finished - attempt.submitted >= timedelta(seconds=60)


def test_a_result_in_the_store_counts_although_the_job_is_missing(stage, pipeline):
    record = stage({("a", 1): Outcome(vanishes=True)}).drive(pipeline({"name": "a"}))
    assert record.state is RunState.SUCCEEDED


def test_a_job_stopped_from_outside_was_interrupted_and_is_tried_again(stage, pipeline):
    set_ = stage({("a", 1): lasting(Outcome(), 50)})

    def stop_it():
        for job in set_.platform.jobs.values():
            job.cancelled = job.request.owner.attempt == 1

    set_.platform.on_wait = stop_it
    record = set_.drive(pipeline({"name": "a", "retries": 1}))
    assert record.state is RunState.SUCCEEDED
    assert record.steps["a"].attempts[0].cause is Cause.INTERRUPTED


def test_a_job_that_says_it_was_cancelled_when_nobody_asked_was_interrupted(stage, pipeline):
    gone = Outcome(StepResult(State.CANCELLED, Cause.CANCELLED, "it got SIGTERM"), ends=State.CANCELLED)
    record = stage({("a", 1): gone}).drive(pipeline({"name": "a", "retries": 1}))
    assert record.state is RunState.SUCCEEDED
    assert record.steps["a"].attempts[0].cause is Cause.INTERRUPTED


@pytest.mark.parametrize(
    ("refusal", "cause"),
    [(QuotaExceeded("no more GPUs"), Cause.QUOTA), (TargetError("no secret loans/token"), Cause.SETUP)],
)
def test_a_refusal_of_the_platform_is_the_cause(stage, pipeline, refusal, cause):
    record = stage({("a", 1): Outcome(refused=refusal)}).drive(pipeline({"name": "a"}))
    assert (record.steps["a"].cause, record.steps["a"].message) == (cause, str(refusal))


def test_what_a_driver_stopped_that_died_before_it_could_say_so_is_cancelled(stage, pipeline):
    set_ = stage({("a", 1): lasting(Outcome(), 3600)})
    first = set_.driver(set_.make(pipeline({"name": "a"})), "one")
    set_.platform.on_wait = first.leave
    record = first.drive()
    (job,) = set_.platform.jobs.values()
    job.cancelled = True
    send(set_.store, record, pipeline({"name": "a"}), "cancel", by="ann")
    record = set_.driver(record.id, "two").drive()
    assert (record.state, record.steps["a"].state) == (RunState.CANCELLED, StepState.CANCELLED)


def test_what_succeeded_once_is_cached(stage, pipeline):
    set_ = stage()
    first = set_.drive(pipeline({"name": "a"}, {"name": "b", "after": ["a"]}))
    second = set_.drive(pipeline({"name": "a"}, {"name": "b", "after": ["a"]}))
    assert [step.state for step in second.steps.values()] == [StepState.CACHED] * 2
    assert second.steps["a"].cached_from == first.id
    assert len(set_.platform.jobs) == 2


def test_a_platform_is_reached_when_something_is_sent_and_else_it_need_not_be_there(stage, pipeline, monkeypatch):
    def connect(target):
        raise TargetError("its SDK is not installed")

    set_ = stage()
    set_.drive(pipeline({"name": "a"}))
    set_.place = replaced(set_.place)
    monkeypatch.setattr(set_.platform, "connect", connect)
    assert set_.drive(pipeline({"name": "a"})).steps["a"].state is StepState.CACHED
    run = set_.make(pipeline({"name": "b"}))
    with pytest.raises(TargetError):
        set_.driver(run).drive()
    assert not read_record(set_.store, run).steps["b"].attempts


def test_cache_false_runs_again(stage, pipeline):
    set_ = stage()
    set_.drive(pipeline({"name": "a", "cache": False}))
    assert set_.drive(pipeline({"name": "a", "cache": False})).steps["a"].state is StepState.SUCCEEDED


def test_a_changed_parameter_runs_the_step_again(stage, pipeline):
    set_ = stage()
    set_.drive(pipeline({"name": "a", "parameters": {"rows": 1}}))
    assert set_.drive(pipeline({"name": "a", "parameters": {"rows": 2}})).steps["a"].state is StepState.SUCCEEDED


def test_a_failure_is_never_cached(stage, pipeline):
    set_ = stage({("a", 1): failure()})
    set_.drive(pipeline({"name": "a"}))
    assert set_.drive(pipeline({"name": "a"})).steps["a"].state is StepState.FAILED


def test_a_driver_that_is_asked_to_leave_starts_nothing_new_and_another_goes_on(stage, pipeline):
    set_ = stage()
    run = set_.make(pipeline({"name": "a"}, {"name": "b", "after": ["a"]}))
    first = set_.driver(run)
    set_.platform.on_wait = first.leave
    left = first.drive()
    assert (left.driver, left.steps["b"].state) == (None, StepState.WAITING)
    set_.platform.on_wait = lambda: None
    record = set_.driver(run, "two").drive()
    assert record.state is RunState.SUCCEEDED
    assert len(set_.platform.jobs) == 2


def test_a_driver_whose_run_was_taken_stops_at_its_next_word(stage, pipeline):
    set_ = stage()
    run = set_.make(pipeline({"name": "a"}, {"name": "b", "after": ["a"]}))
    first = set_.driver(run)

    def take_it():
        set_.platform.on_wait = lambda: None
        set_.driver(run, "two").drive()

    set_.platform.on_wait = take_it
    with pytest.raises(LostRun, match="another driver"):
        first.drive()
    assert read_record(set_.store, run).state is RunState.SUCCEEDED


def test_the_driver_reports_what_the_job_recorded_about_itself(stage, pipeline):
    result = StepResult(State.FAILED, Cause.OUT_OF_MEMORY, "killed at 2.1 GiB", warnings=("large row groups",))
    record = stage({("a", 1): Outcome(result, ends=State.FAILED)}).drive(pipeline({"name": "a"}))
    assert record.steps["a"].message == "killed at 2.1 GiB"
    assert record.steps["a"].warnings == ("large row groups",)


def test_a_clock_that_goes_backwards_never_turns_the_journal_back(stage, pipeline):
    set_ = stage()
    run = set_.make(pipeline({"name": "a"}, {"name": "b", "after": ["a"]}))
    driver = set_.driver(run)
    jumps = iter([3600])

    def jump():
        set_.platform.now -= timedelta(seconds=next(jumps, 0))

    set_.platform.on_wait = jump
    record = driver.drive()
    assert record.state is RunState.SUCCEEDED
    assert record.created <= record.steps["a"].finished <= record.steps["b"].finished


def test_a_long_journal_is_read_from_its_newest_snapshot(stage, pipeline):
    set_ = stage()
    chain = [{"name": "s0"}, *({"name": f"s{n}", "after": [f"s{n - 1}"]} for n in range(1, 100))]
    record = set_.drive(pipeline(*chain))
    segments = len(list(set_.store.list(f"runs/{record.id}/journal/")))
    assert segments > 64
    before = set_.store.calls["get"]
    assert Journal.open(set_.store, record.id, "reader").record == record
    assert set_.store.calls["get"] - before <= 64
