"""Why a pod waits or has failed: the cluster's words, turned into a cause and a sentence. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from moorage.states import Cause
from moorage_kubernetes.facts import Condition, Pod

Why = tuple[Cause | None, str]
"""A cause, or None to leave that to the job's own result, and a sentence."""

TAKEN: Mapping[str, str] = {
    "PreemptionByScheduler": "a pod of higher priority took its place",
    "DeletionByTaintManager": "its node stopped answering, or was tainted",
    "EvictionByEvictionAPI": "somebody evicted it, as a drain of its node does",
    "DeletionByPodGC": "its node is gone",
    "TerminationByKubelet": "its node ended it",
}
"""By the reason of the condition DisruptionTarget; all of them are interruptions."""

REASONS: Mapping[str, Cause] = {
    "DeadlineExceeded": Cause.TIMED_OUT,
    "Evicted": Cause.INTERRUPTED,
    "Preempting": Cause.INTERRUPTED,
    "NodeLost": Cause.INTERRUPTED,
    "NodeShutdown": Cause.INTERRUPTED,
    "Shutdown": Cause.INTERRUPTED,
    "Terminated": Cause.INTERRUPTED,
    "NodeAffinity": Cause.CAPACITY,
    "UnexpectedAdmissionError": Cause.CAPACITY,
}
"""By the reason of a pod whose own node ended or refused it (`OutOfcpu` and the like are capacity too)."""


@dataclass(frozen=True)
class Patience:
    """How long a container may wait for this reason before its job is given up, and whose doing it is."""

    seconds: float
    sentence: str


WAITING: Mapping[str, Patience] = {
    "InvalidImageName": Patience(0, "{image!r} is not the name of an image"),
    "ErrImageNeverPull": Patience(0, "the image {image} is not on the node, and may not be pulled"),
    "ErrImagePull": Patience(120, "the image {image} cannot be pulled"),
    "ImagePullBackOff": Patience(120, "the image {image} cannot be pulled"),
    "ImageInspectError": Patience(120, "the image {image} cannot be read"),
    "RegistryUnavailable": Patience(300, "the registry of {image} does not answer"),
    "SignatureValidationFailed": Patience(0, "the signature of the image {image} is not the one that the node wants"),
    "CreateContainerConfigError": Patience(30, "the container cannot be set up"),
    "CreateContainerError": Patience(60, "the container cannot be made"),
    "RunContainerError": Patience(60, "the container cannot be started"),
}
"""By the reason that a container waits for: those that a person must do something about."""

_FINAL = re.compile(r"not found|manifest unknown|unauthorized|denied|no such|invalid reference", re.IGNORECASE)
_SHORT = re.compile(r"(\d+) ([^,.]+(?:\.[a-z][^,.]*)*)")
_LACKS = re.compile(r"Insufficient (\S+)")
_LONGEST = 400


def unschedulable(message: str) -> str:
    """Return what the scheduler found, as a sentence: which resource no node has."""
    head = message.partition(" preemption:")[0]
    said = re.match(r"(\d+)/(\d+) nodes are available:? ?(.*)", head, re.DOTALL)
    if said is None:
        return f"no node takes it: {_short(message)}" if message else "no node takes it"
    nodes, parts = int(said[2]), _SHORT.findall(said[3])
    if not nodes or not parts:
        return "the cluster has no node that could run it" if not nodes else f"no node takes it: {_short(said[3])}"
    lacking = ", ".join(f"{count} of {nodes} {_node_words(what.strip(), int(count))}" for count, what in parts)
    return f"no node takes it: {lacking}"


def waiting(pod: Pod, age: Callable[[], float]) -> tuple[str, bool]:
    """Return why a pod that has a node does not start (or nothing), and whether it is to be given up.

    `age` tells for how many seconds that has been so.
    """
    container = pod.container
    if container is None or container.state != "waiting" or container.reason not in WAITING:
        return "", False
    patience = WAITING[container.reason]
    said = patience.sentence.format(image=pod.image)
    final = container.reason == "ImagePullBackOff" and bool(_FINAL.search(container.message))
    message = container.message.replace(f'image "{pod.image}"', "it")  # it is long, and named before
    detail = f": {_short(message)}" if message else ""
    return said + detail, age() >= patience.seconds or final


def failed(pod: Pod) -> Why:
    """Return why a pod has failed."""
    if taken := pod.taken:
        why = TAKEN.get(taken.reason, taken.reason or "its node was taken away")
        return Cause.INTERRUPTED, f"{why}{_detail(pod.message or taken.message)}"
    if pod.reason:
        cause = REASONS.get(pod.reason, Cause.CAPACITY if pod.reason.startswith("OutOf") else Cause.PLATFORM)
        said = "it ran longer than it may" if cause is Cause.TIMED_OUT else pod.reason
        return cause, f"{said}{_detail(pod.message)}"
    container = pod.container
    if container is None or container.state != "terminated":
        return None, "its pod failed, and no container says why"
    if container.reason == "OOMKilled":
        return Cause.OUT_OF_MEMORY, "its container was killed at its memory limit"
    if container.reason in ("StartError", "ContainerCannotRun"):
        return Cause.SETUP, f"its container could not be started{_detail(container.message)}"
    return _exit(container.code, container.message)


def condition(found: Condition) -> Why:
    """Return why a job has failed of which there is no pod left."""
    if found.reason == "DeadlineExceeded":
        return Cause.TIMED_OUT, "it took longer than it may"
    if "DisruptionTarget" in found.message:
        return Cause.INTERRUPTED, "its pod was taken away"
    return None, f"{found.reason}{_detail(found.message)}"


def _exit(code: int | None, message: str) -> Why:
    said = f"its process ended with exit code {code}{_detail(message)}"
    return (Cause.SETUP if code == 2 else None), said  # 2: no request, or no store; see moorage.step.supervisor


def _node_words(what: str, count: int) -> str:
    if lacks := _LACKS.match(what):
        return f"{'lacks' if count == 1 else 'lack'} {lacks[1]}"
    words = re.sub(r"^node\(s\) ", "", what)
    return words.replace("didn't match Pod's node affinity/selector", "have other labels than it asks for")


def _detail(message: str) -> str:
    return f": {_short(message)}" if message else ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
