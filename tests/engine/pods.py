"""Short ways to make pods, to wait for what becomes of them and to read what they said."""

import time
from collections.abc import Callable
from typing import Any

from tests.rigs.kubernetes.api import LOOK_SECONDS, Client, Object

SERVE = "exec python -m http.server 8080 --bind $POD_IP --directory /tmp"
"""A server on the pod's own address; `PORT_ENV` belongs to it."""

FOREVER = "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"
"""Ends by SIGTERM only, and then with 7; it hears it from `up` on: process 1 of a container is deaf without a trap."""

UP_SECONDS = 30.0

POD_IP: Object = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}


def shell(script: str, **more: Any) -> Object:
    """Return a container that runs a script."""
    return {"name": "main", "image": "any", "command": ["sh", "-c", script], **more}


def spec(*containers: Object, **more: Any) -> Object:
    """Return the spec of a pod that is run once."""
    return {"restartPolicy": "Never", "containers": list(containers), **more}


def path(namespace: str, name: str = "") -> str:
    """Return the path of a pod, or of all."""
    return f"/api/v1/namespaces/{namespace}/pods" + (f"/{name}" if name else "")


def create(client: Client, namespace: str, spec: Object, name: str = "pod", **meta: Any) -> Object:
    """Create a pod and return it."""
    made: Object = client.create(path(namespace), {"metadata": {"name": name, **meta}, "spec": spec})
    return made


def becomes(client: Client, namespace: str, holds: Callable[[Object], object], name: str = "pod") -> Object:
    """Return the pod as soon as the condition holds of its status."""
    found: Object = client.until(path(namespace, name), lambda pod: holds(pod.get("status", {})))
    return found


def ends(client: Client, namespace: str, name: str = "pod") -> str:
    """Return the phase in which a pod ends."""
    pod = becomes(client, namespace, lambda status: status.get("phase") in ("Succeeded", "Failed"), name)
    return str(pod["status"]["phase"])


def says(client: Client, namespace: str, spec: Object, name: str = "pod", **meta: Any) -> str:
    """Return what a pod says that runs to its good end."""
    create(client, namespace, spec, name, **meta)
    phase = ends(client, namespace, name)
    said = log(client, namespace, name)
    assert phase == "Succeeded", said
    return said


def up(client: Client, namespace: str, name: str = "pod") -> Object:
    """Return a pod that runs `FOREVER` when it can hear signals."""
    pod = becomes(client, namespace, lambda status: "running" in state(status), name)
    deadline = time.monotonic() + UP_SECONDS
    while not log(client, namespace, name):
        assert time.monotonic() < deadline, f"{name} runs and has said nothing for {UP_SECONDS:.0f} s"
        time.sleep(LOOK_SECONDS)
    return pod


def log(client: Client, namespace: str, name: str = "pod", **query: str) -> str:
    """Return the log of a pod's container."""
    return client.text(f"{path(namespace, name)}/log", **query)


def state(status: Object, container: int = 0, kind: str = "containerStatuses") -> Object:
    """Return the state of one container."""
    found: Object = (status.get(kind) or [{}] * (container + 1))[container].get("state", {})
    return found


def waiting(status: Object) -> str | None:
    """Return why the first container waits; None where it does not."""
    found: str | None = state(status).get("waiting", {}).get("reason")
    return found


def restarts(status: Object) -> int:
    """Return how often containers of the pod were started again."""
    return sum(each["restartCount"] for each in status.get("containerStatuses", ()))


def ready(status: Object) -> bool:
    """Return whether the pod is ready."""
    return any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ()))


def condition(status: Object, kind: str) -> Object:
    """Return a condition; empty where there is none."""
    return next((each for each in status.get("conditions", ()) if each["type"] == kind), {})
