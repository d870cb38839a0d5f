"""How the Job of a driver stands, in a sentence: why it is not at work, or what its pod before this one ended of."""

from collections.abc import Callable, Sequence

from moorage.states import State
from moorage_kubernetes import causes, reading
from moorage_kubernetes.client import JOB, POD, Api
from moorage_kubernetes.facts import Job, Pod, job_of, pod_of
from moorage_kubernetes.hints import Hints
from moorage_kubernetes.names import JOB_NAME

_WORDS = {
    State.QUEUED: "it has not begun",
    State.STARTING: "it has not begun",
    State.RUNNING: "it runs",
    State.STOPPING: "it is ending",
    State.SUCCEEDED: "it has ended",
    State.FAILED: "it has failed",
    State.CANCELLED: "it was stopped",
}
_AGAIN = {State.QUEUED: "it is to begin again", State.STARTING: "it begins again", State.RUNNING: "it runs again"}
"""Where a pod of it has failed before."""

_SEEN_SECONDS = 10.0
"""For how long all is taken to be as it is: long enough to be told of, and too short to be given up."""


def say_driver(api: Api, name: str) -> str:
    """Ask the cluster once how the Job of that name stands, and return it as a sentence."""
    body = api.get(JOB, name)
    if body is None:
        return "the cluster has no such job"
    pods, _ = api.list(POD, f"{JOB_NAME}={name}")
    oldest_first = sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
    return tell(job_of(body, JOB.name), [pod_of(pod) for pod in oldest_first], Hints(api, None).of)


def tell(job: Job, pods: Sequence[Pod], hint: Callable[[str], reading.Held]) -> str:
    """Return how the job stands, given its pods, the oldest first."""
    seen = reading.read(job, pods, lambda _: _SEEN_SECONDS, lambda: hint(job.name))
    broken = [] if seen.state.is_terminal else [pod for pod in pods if pod.phase == "Failed"]
    words = (_AGAIN if broken else {}).get(seen.state) or _WORDS.get(seen.state, "it cannot be seen what it does")
    whys = [seen.reason, *(causes.failed(pod)[1] for pod in broken[-1:])]
    return ": ".join([words, *filter(None, ["; ".join(filter(None, whys))])])
