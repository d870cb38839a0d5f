"""How a pod stood that was on a node of this name before: its processes are gone, its status is not. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.rigs.kubernetes.node.lifecycle import Container, Pod, Terminated

LOST = "The container could not be located when the pod was terminated"
KILLED = 137


def recalled(pod: Mapping[str, Any], at: str) -> Pod:
    """Return the pod with what its status says has ended, and with what it says runs as lost."""
    fresh = Pod.of(pod["spec"])
    status = pod.get("status", {})
    said = {
        each["name"]: each for kind in ("initContainerStatuses", "containerStatuses") for each in status.get(kind) or ()
    }
    known = (_container(each, said.get(each.name, {}), at) for each in fresh.containers)
    return replace(fresh, containers=tuple(known))


def _container(container: Container, said: Mapping[str, Any], at: str) -> Container:
    state = said.get("state", {})
    ended = state.get("terminated") or (said.get("lastState") or {}).get("terminated")
    if "running" in state:
        found = Terminated(KILLED, "ContainerStatusUnknown", state["running"]["startedAt"], at, LOST)
    elif ended:
        times = (ended.get("startedAt") or at, ended.get("finishedAt") or at)
        found = Terminated(ended["exitCode"], ended.get("reason", ""), *times, ended.get("message", ""))
    else:
        return container
    return replace(container, state=found, restarts=said.get("restartCount", 0))
