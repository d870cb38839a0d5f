"""The status that a node reports of a pod, in the kubelet's words. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.rigs.kubernetes.node import lifecycle
from tests.rigs.kubernetes.node.lifecycle import Container, Kind, Pod, Running, Terminated, Waiting

Json = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What does not change while a pod is on its node. `address` is None until it has one."""

    images: Mapping[str, str]
    address: str | None
    node_address: str
    since: str
    uid: str


def body(pod: Pod, report: Report, previous: Sequence[Json], at: str, disrupted: str | None = None) -> Json:
    """Return the patch of the status; conditions that did not change keep their time.

    `disrupted` is why the kubelet itself ends the pod, which job controllers read as no fault of the pod.
    """
    reason, message = pod.failure or (None, None)
    # A list of addresses would be merged with that of the node on which the pod was before.
    own = [{"$patch": "replace"}, {"ip": report.address}]
    address = {"podIP": report.address, "podIPs": own} if report.address else {}
    status: Json = {
        "phase": lifecycle.phase(pod),
        "reason": reason,
        "message": message,
        "startTime": report.since,
        "hostIP": report.node_address,
        "hostIPs": [{"ip": report.node_address}],
        **address,
        "conditions": list(_timed(_conditions(pod, report, disrupted), previous, at)),
        "containerStatuses": [_container(each, report) for each in pod.of_kind(Kind.APP)],
    }
    first = [each for each in pod.containers if each.kind is not Kind.APP]
    if first:
        status["initContainerStatuses"] = [_container(each, report) for each in first]
    return {"metadata": {"uid": report.uid}, "status": status}


def _conditions(pod: Pod, report: Report, disrupted: str | None) -> Iterable[Json]:
    ended = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(lifecycle.phase(pod))
    unready = [each.name for each in pod.containers if each.kind is not Kind.INIT and not each.ready]
    raw = [each for each in pod.containers if each.kind is not Kind.APP and not _is_done(each)]
    yield _condition("PodReadyToStartContainers", report.address is not None and not lifecycle.over(pod))
    if lifecycle.initialized(pod):
        yield _condition("Initialized", True, ended if ended == "PodCompleted" else None)
    else:
        yield _condition("Initialized", False, "ContainersNotInitialized", _names("incomplete", raw))
    for kind in ("Ready", "ContainersReady"):
        if ended:
            yield _condition(kind, False, ended)
        elif unready:
            message = f"containers with unready status: [{' '.join(unready)}]"
            yield _condition(kind, False, "ContainersNotReady", message)
        else:
            yield _condition(kind, True)
    if disrupted:
        yield _condition("DisruptionTarget", True, "TerminationByKubelet", disrupted)


def _is_done(container: Container) -> bool:
    return container.started if container.kind is Kind.SIDECAR else isinstance(container.state, Terminated)


def _names(kind: str, containers: Iterable[Container]) -> str:
    return f"containers with {kind} status: [{' '.join(each.name for each in containers)}]"


def _condition(kind: str, true: bool, reason: str | None = None, message: str | None = None) -> Json:
    return {"type": kind, "status": "True" if true else "False", "reason": reason, "message": message}


def _timed(conditions: Iterable[Json], previous: Sequence[Json], at: str) -> Iterable[Json]:
    known = {each["type"]: each for each in previous}
    for each in conditions:
        before = known.get(each["type"])
        same = before is not None and before["status"] == each["status"]
        yield {**each, "lastTransitionTime": before["lastTransitionTime"] if before and same else at}


def _container(container: Container, report: Report) -> Json:
    image = report.images[container.name]
    done = container.kind is Kind.INIT and isinstance(container.state, Terminated) and container.state.code == 0
    known: Json = {
        "name": container.name,
        "image": image,
        "imageID": f"moorage://{image}" if not _never_ran(container) else "",
        "ready": done or container.ready,
        "started": container.started,
        "restartCount": container.restarts,
        "state": _state(container.state, _id(container, report)),
        "lastState": _state(container.last, _id(container, report, 1)) if container.last else {},
    }
    return known if _never_ran(container) else known | {"containerID": _id(container, report)}


def _never_ran(container: Container) -> bool:
    return isinstance(container.state, Waiting) and container.last is None


def _id(container: Container, report: Report, before: int = 0) -> str:
    return f"moorage://{report.uid}-{container.name}-{container.restarts - before}"


def _state(state: Waiting | Running | Terminated, identity: str) -> Json:
    if isinstance(state, Waiting):
        message = {"message": state.message} if state.message else {}
        return {"waiting": {"reason": state.reason, **message}}
    if isinstance(state, Running):
        return {"running": {"startedAt": state.started}}
    ended: Json = {
        "exitCode": state.code, "reason": state.reason, "startedAt": state.started, "finishedAt": state.finished,
        "containerID": identity,
    }  # fmt: skip
    return {"terminated": ended | ({"message": state.message} if state.message else {})}
