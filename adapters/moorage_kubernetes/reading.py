"""What a Job or JobSet and its pods together say, in the words of moorage. Pure but for the age of what it saw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from moorage.states import Cause, State
from moorage_kubernetes import causes
from moorage_kubernetes.facts import Ended, Job, Pod

STATES: Mapping[str, State] = {
    "Job Suspended": State.QUEUED,
    "Job SuccessCriteriaMet": State.STOPPING,
    "Job FailureTarget": State.STOPPING,
    "Job Complete": State.SUCCEEDED,
    "Job Failed": State.FAILED,
    "JobSet Suspended": State.QUEUED,
    "JobSet StartupPolicyInProgress": State.STARTING,
    "JobSet StartupPolicyCompleted": State.RUNNING,
    "JobSet Completed": State.SUCCEEDED,
    "JobSet Failed": State.FAILED,
    "Pod Pending": State.STARTING,  # queued, until it has a node
    "Pod Running": State.RUNNING,
    "Pod Succeeded": State.SUCCEEDED,
    "Pod Failed": State.FAILED,
    "Pod Unknown": State.UNKNOWN,  # its node does not answer, and it may run on
}
"""By the kind and its word: a condition of a Job or JobSet that is true, or the phase of a pod."""

LATE_SECONDS = 2.0
"""Pods are heard of on another line than jobs: how long what a pod says of its end is waited for."""
REST_SECONDS = 30.0
"""When one node has failed, the others have heard of it within two heartbeats, or never will."""
GONE_SECONDS = 90.0
"""A pod that was told to go and has not for so long is on a node that does not answer."""

Age = Callable[[str], float]
"""Tells how many seconds ago it was first asked about that, by a clock that nobody sets."""


@dataclass(frozen=True)
class Held:
    """Why a job has no pod, and whether it had one that its queue took away."""

    reason: str = ""
    evicted: bool = False


Hint = Callable[[], Held]
"""Asks, now and then, why a job has no pod."""


@dataclass(frozen=True)
class Reading:
    """What a job says; `stop` is set when it can come to nothing and is to be ended for that."""

    state: State
    raw: str
    reason: str = ""
    cause: Cause | None = None
    stop: Ended | None = None


def state_of(word: str) -> State:
    """Return the state for a kind and its word; one that is not listed is unknown."""
    return STATES.get(word, State.UNKNOWN)


def read(job: Job, pods: Sequence[Pod], age: Age, hint: Hint = Held) -> Reading:
    """Return where the job stands. Pods come first: a job hears of them up to a second later than we do."""
    live = [pod for pod in pods if pod.is_live]
    if job.complete or sum(pod.phase == "Succeeded" for pod in pods) >= job.nodes:
        return _ended_well(job, live)
    if job.ended:
        return _stopped(job, job.ended, live)
    broken = [pod for pod in pods if pod.phase == "Failed" and (job.once or job.failed)]
    if job.failed or broken:
        return _failed(job, broken, live, age)
    if job.deleting:
        return Reading(State.STOPPING, f"{job.kind} deleted", "somebody deleted it")
    if live and not job.suspended:
        return min((_living(pod, age) for pod in live), key=lambda each: _ORDER.index(each.state))
    if job.suspended:
        return _suspended(job, live, hint)
    if found := job.holds("FailureTarget", "SuccessCriteriaMet"):
        return Reading(state_of(f"{job.kind} {found.kind}"), f"{job.kind} {found.kind}", "it is ending")
    return Reading(State.QUEUED, f"{job.kind} without pods", hint().reason)


_ORDER = (State.STOPPING, State.FAILED, State.UNKNOWN, State.QUEUED, State.STARTING, State.RUNNING)


def _ended_well(job: Job, live: Sequence[Pod]) -> Reading:
    if live:
        return Reading(State.STOPPING, f"{job.kind} Complete", "it is ending")
    return Reading(State.SUCCEEDED, f"{job.kind} {job.complete.kind}" if job.complete else "Pod Succeeded")


def _stopped(job: Job, ended: Ended, live: Sequence[Pod]) -> Reading:
    # Its deadline is zero from then on: neither a job that waits in a queue nor a failed one ever gets a pod.
    if live or not (job.failed or job.suspended):
        return Reading(State.STOPPING, f"{job.kind} stopped", ended.reason)
    state = State.CANCELLED if ended.cause is Cause.CANCELLED else State.FAILED
    return Reading(state, f"{job.kind} stopped", ended.reason, ended.cause)


def _suspended(job: Job, live: Sequence[Pod], hint: Hint) -> Reading:
    held = hint()
    if held.evicted:
        return Reading(State.STOPPING, f"{job.kind} evicted", held.reason, stop=Ended(Cause.INTERRUPTED, held.reason))
    if live:
        return Reading(State.STOPPING, f"{job.kind} Suspended", "its queue took its place away")
    return Reading(State.QUEUED, f"{job.kind} Suspended", held.reason or "it waits in its queue")


def _failed(job: Job, broken: Sequence[Pod], live: Sequence[Pod], age: Age) -> Reading:
    if live:
        return _failing(job, broken, age)
    if not broken and job.failed and age(f"{job.name} failed") < LATE_SECONDS:
        return Reading(State.STOPPING, f"{job.kind} Failed", "it has failed")
    raw = f"{job.kind} Failed: {job.failed.reason}" if job.failed else "Pod Failed"
    whys = [causes.failed(pod) for pod in broken]
    if job.failed and (not whys or whys[0][0] is None):
        whys.append(causes.condition(job.failed))
    cause, reason = next((why for why in whys if why[0] is not None), whys[0])
    return Reading(State.FAILED, raw, reason, cause)


def _failing(job: Job, broken: Sequence[Pod], age: Age) -> Reading:
    said = "one of its nodes failed"
    if not broken or age(f"{job.name} failing") < REST_SECONDS:
        return Reading(State.STOPPING, f"{job.kind} failing", said)
    cause, reason = causes.failed(broken[0])
    stop = Ended(cause or Cause.LOST, f"{said}: {reason}")
    return Reading(State.STOPPING, f"{job.kind} failing", stop.reason, stop=stop)


def _living(pod: Pod, age: Age) -> Reading:
    if pod.deleting:
        return _leaving(pod, age)
    if pod.phase != "Pending":
        raw = f"Pod {pod.phase}"
        return Reading(state_of(raw), raw, pod.message if pod.phase == "Unknown" else "")
    placed = pod.condition("PodScheduled")
    if not pod.node:
        said = causes.unschedulable(placed.message) if placed and placed.reason == "Unschedulable" else ""
        return Reading(State.QUEUED, "Pod Pending", said)
    reason = pod.container.reason if pod.container else ""
    said, given_up = causes.waiting(pod, partial(age, f"{pod.name} waiting"))
    stop = Ended(Cause.SETUP, said) if given_up else None
    return Reading(State.STARTING, f"Pod Pending: {reason}" if reason else "Pod Pending", said, stop=stop)


def _leaving(pod: Pod, age: Age) -> Reading:
    if pod.node and age(f"{pod.name} leaving") >= GONE_SECONDS:
        said = f"its node {pod.node} does not answer; what runs there cannot leave a result any more"
        return Reading(State.FAILED, f"Pod {pod.phase}, deleted", said, Cause.INTERRUPTED)
    return Reading(State.STOPPING, f"Pod {pod.phase}, deleted", "its pod was told to end")
