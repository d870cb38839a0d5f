"""What the cluster's words become: states, causes and sentences."""

import json
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

from moorage.states import Cause, State
from moorage_kubernetes import causes, hints, reading
from moorage_kubernetes.facts import Condition, Container, Ended, Job, Pod, job_of
from moorage_kubernetes.reading import Held, read
from moorage_kubernetes.refusals import refusal

JOB = Job("Job", "mr-r1", "key", 1, {}, False, False, None, 1)
POD = Pod(
    "mr-r1-x", "mr-r1", 1, "Running", "", "", {}, False, "node-1", "registry/steps", Container("running", "", "", None)
)
FAILED = replace(POD, phase="Failed", container=Container("terminated", "Error", "it broke", 1))


def aged(seconds: float) -> Callable[[str], float]:
    return lambda what: seconds


def condition(kind: str, reason: str = "", message: str = "") -> dict[str, Condition]:
    return {kind: Condition(kind, True, reason, message)}


def failed(**changes: object) -> causes.Why:
    return causes.failed(replace(FAILED, **changes))  # type: ignore[arg-type]


def ended(reason: str, code: int = 137) -> Container:
    return Container("terminated", reason, "", code)


def test_a_pod_says_why_it_failed() -> None:
    assert failed() == (None, "its process ended with exit code 1: it broke")
    assert failed(container=ended("OOMKilled"))[0] is Cause.OUT_OF_MEMORY
    assert failed(container=ended("StartError", 128))[0] is Cause.SETUP
    assert failed(container=ended("Error", 2))[0] is Cause.SETUP
    assert failed(container=None) == (None, "its pod failed, and no container says why")


@pytest.mark.parametrize("reason", [*causes.TAKEN, "SomethingNew"])
def test_a_pod_that_was_taken_away_was_interrupted_whatever_its_container_says(reason: str) -> None:
    taken = condition("DisruptionTarget", reason, "it had to go")
    assert failed(conditions=taken, container=ended("OOMKilled"))[0] is Cause.INTERRUPTED


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Evicted", Cause.INTERRUPTED),
        ("NodeLost", Cause.INTERRUPTED),
        ("Terminated", Cause.INTERRUPTED),
        ("DeadlineExceeded", Cause.TIMED_OUT),
        ("OutOfcpu", Cause.CAPACITY),
        ("UnexpectedAdmissionError", Cause.CAPACITY),
        ("SomethingNew", Cause.PLATFORM),
    ],
)
def test_a_node_says_why_it_ended_a_pod(reason: str, cause: Cause) -> None:
    assert failed(reason=reason)[0] is cause


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            "0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient nvidia.com/gpu. preemption: 0/3 nodes ...",
            "no node takes it: 1 of 3 lacks cpu, 2 of 3 lack nvidia.com/gpu",
        ),
        (
            "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. preemption: none",
            "no node takes it: 2 of 2 have other labels than it asks for",
        ),
        (
            "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: true}.",
            "no node takes it: 1 of 1 had untolerated taint {gpu: true}",
        ),
        ("0/0 nodes are available", "the cluster has no node that could run it"),
        ("no nodes available to schedule pods", "no node takes it: no nodes available to schedule pods"),
        ("", "no node takes it"),
    ],
)
def test_the_scheduler_is_put_into_a_sentence(message: str, sentence: str) -> None:
    assert causes.unschedulable(message) == sentence


@pytest.mark.parametrize("reason", causes.WAITING)
def test_a_container_that_cannot_start_is_given_up_in_time(reason: str) -> None:
    pod = replace(POD, phase="Pending", container=Container("waiting", reason, "for some reason", None))
    assert read(JOB, [pod], aged(301)).stop is not None
    assert read(JOB, [pod], aged(0)).state is State.STARTING


def test_an_image_that_is_not_there_is_given_up_at_once() -> None:
    pod = replace(POD, phase="Pending", container=Container("waiting", "ImagePullBackOff", "x: not found", None))
    seen = read(JOB, [pod], aged(0))
    assert seen.stop == Ended(Cause.SETUP, "the image registry/steps cannot be pulled: x: not found")


def test_the_name_of_an_image_that_cannot_be_pulled_is_said_once() -> None:
    message = (
        'Back-off pulling image "i@sha256:00": ErrImagePull: failed to pull and unpack image "i@sha256:00": not found'
    )
    waiting = Container("waiting", "ImagePullBackOff", message, None)
    said, _ = causes.waiting(replace(POD, phase="Pending", image="i@sha256:00", container=waiting), lambda: 0.0)
    why = "Back-off pulling it: ErrImagePull: failed to pull and unpack it: not found"
    assert said == f"the image i@sha256:00 cannot be pulled: {why}"


@pytest.mark.parametrize("where", ['in the namespace "wines"', "at the cluster scope"])
def test_who_may_not_is_told_what_and_as_whom(where: str) -> None:
    message = f'jobs.batch is forbidden: User "ann" cannot list resource "jobs" in API group "batch" {where}'
    asked = "list jobs in namespace wines"
    assert refusal(answer(message), asked).problems[0].message == f"you may not {asked} (as ann)"
    broken = f'{message}: RBAC: role "steps" not found'
    assert refusal(answer(broken), asked).problems[0].message == f"you may not {asked}: {broken}"


def answer(message: str) -> SimpleNamespace:
    return SimpleNamespace(status=403, body=json.dumps({"message": message}), headers={}, reason="Forbidden")


def test_a_pod_that_does_not_leave_was_interrupted() -> None:
    pod = replace(POD, deleting=True)
    assert read(JOB, [pod], aged(0)).state is State.STOPPING
    seen = read(JOB, [pod], aged(reading.GONE_SECONDS))
    assert (seen.state, seen.cause) == (State.FAILED, Cause.INTERRUPTED)
    assert "node-1" in seen.reason


def test_a_job_whose_pods_are_gone_is_judged_by_what_it_says_itself() -> None:
    deadline = replace(JOB, conditions=condition("Failed", "DeadlineExceeded"))
    assert read(deadline, [], aged(0)).state is State.STOPPING  # a pod may still be heard of
    assert read(deadline, [], aged(9)).cause is Cause.TIMED_OUT
    policy = "Pod ns/p has condition DisruptionTarget matching FailJob rule at index 0"
    taken = replace(JOB, conditions=condition("Failed", "PodFailurePolicy", policy))
    assert read(taken, [], aged(9)).cause is Cause.INTERRUPTED
    other = replace(JOB, conditions=condition("Failed", "BackoffLimitExceeded"))
    assert read(other, [], aged(9)).cause is None


def test_what_we_stopped_says_what_for() -> None:
    for cause, state in ((Cause.CANCELLED, State.CANCELLED), (Cause.SETUP, State.FAILED)):
        stopped = replace(JOB, ended=Ended(cause, "because"), conditions=condition("Failed", "DeadlineExceeded"))
        seen = read(stopped, [], aged(0))
        assert (seen.state, seen.cause, seen.reason) == (state, cause, "because")
        assert read(stopped, [POD], aged(0)).state is State.STOPPING


def test_what_ended_well_is_not_undone_by_being_stopped() -> None:
    done = replace(POD, phase="Succeeded")
    assert read(replace(JOB, ended=Ended(Cause.CANCELLED, "")), [done], aged(0)).state is State.SUCCEEDED


def test_of_many_nodes_the_one_that_is_furthest_behind_counts() -> None:
    both = replace(JOB, kind="JobSet", nodes=2)
    queued = replace(POD, phase="Pending", node="", container=None)
    assert read(both, [POD, queued], aged(0)).state is State.QUEUED
    assert read(both, [POD, replace(POD, phase="Succeeded")], aged(0)).state is State.RUNNING
    assert read(both, [POD, FAILED], aged(0)).stop is None
    assert read(both, [POD, FAILED], aged(reading.REST_SECONDS)).stop is not None


def test_a_pod_that_is_started_again_has_not_failed_its_job() -> None:
    again = replace(JOB, once=False)
    assert read(again, [FAILED, POD], aged(0)).state is State.RUNNING
    assert read(again, [FAILED], aged(0)).state is State.QUEUED
    assert read(replace(again, conditions=condition("Failed")), [FAILED], aged(0)).state is State.FAILED


def test_a_phase_that_nobody_knows_is_unknown() -> None:
    assert read(JOB, [replace(POD, phase="Unknown")], aged(0)).state is State.UNKNOWN


def test_a_job_that_its_queue_evicted_is_stopped() -> None:
    suspended = replace(JOB, suspended=True)
    assert read(suspended, [], aged(0)).state is State.QUEUED
    held = Held("the queue took it", evicted=True)
    assert read(suspended, [], aged(0), lambda: held).stop == Ended(Cause.INTERRUPTED, "the queue took it")


def test_a_quota_is_named() -> None:
    message = (
        'Error creating: pods "p" is forbidden: exceeded quota: team, requested: cpu=2, used: cpu=7, limited: cpu=8'
    )
    said = "the quota team of the namespace is used up: it asks for cpu=2 where the limit is cpu=8"
    assert hints.no_pod(message) == said


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cause": "none"}'])
def test_an_annotation_that_somebody_else_wrote_is_borne(text: str) -> None:
    body = {"metadata": {"name": "j", "annotations": {"moorage.dev/ended": text}}}
    found = job_of(body, "Job").ended
    assert found is not None
    assert found.cause is Cause.CANCELLED
