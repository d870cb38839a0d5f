"""What the parts of a node share, and what is done to it from outside."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.rigs.kubernetes.api import Refused
from tests.rigs.kubernetes.node.addresses import Addresses
from tests.rigs.kubernetes.node.api import ApiServer
from tests.rigs.kubernetes.node.clock import micro, now
from tests.rigs.kubernetes.node.hosts import Names
from tests.rigs.kubernetes.node.settings import Image, Settings
from tests.rigs.kubernetes.node.sources import ClusterSources


class Knobs:
    """What a test does to a node: pods that are held before they start, images that break, a network that is gone."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.free, self.online = asyncio.Event(), asyncio.Event()
        self.free.set()
        self.online.set()

    def pulls(self, image: str) -> bool:
        """Return whether an image can be pulled just now."""
        return not any(fnmatchcase(image, pattern) for pattern in self.broken)


class Devices:
    """The GPUs of the node, by an id for each, as the device plugin gives them to containers."""

    def __init__(self, settings: Settings) -> None:
        count = settings.gpus.count if settings.gpus else 0
        self._free = [f"GPU-{settings.name}-{number}" for number in range(count)]

    def take(self, count: int) -> tuple[str, ...]:
        """Return so many that no other container has."""
        taken, self._free = self._free[:count], self._free[count:]
        return tuple(taken)

    def give_back(self, taken: tuple[str, ...]) -> None:
        """Let others have them."""
        self._free += taken


@dataclass
class Node:
    """A node at work."""

    settings: Settings
    api: ApiServer
    isolation: str
    names: Names = field(default_factory=Names)
    addresses: Addresses = field(default_factory=Addresses)
    knobs: Knobs = field(default_factory=Knobs)

    def __post_init__(self) -> None:
        self.devices = Devices(self.settings)
        self.sources = ClusterSources(self.api)
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def folder(self) -> Path:
        """Where the pods' folders are."""
        return Path(self.settings.folder) / "pods"

    def image(self, name: str) -> Image | None:
        """Return how an image runs here; None while it cannot be pulled."""
        return self.settings.image(name) if self.knobs.pulls(name) else None

    def event(self, pod: Mapping[str, Any], kind: str, reason: str, message: str) -> None:
        """Let the cluster know of something that befell a pod; nothing waits for it."""
        task = asyncio.create_task(self._tell(event(self.settings.name, pod, kind, reason, message)))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, body: Mapping[str, Any]) -> None:
        with suppress(Refused, OSError):  # the kubelet drops events, too, where nobody takes them
            path = f"/api/v1/namespaces/{body['metadata']['namespace']}/events"
            await asyncio.to_thread(self.api.create, path, body)


def event(node: str, pod: Mapping[str, Any], kind: str, reason: str, message: str) -> dict[str, Any]:
    """Return an Event about a pod: `kind` is Normal or Warning."""
    meta = pod["metadata"]
    about = {"kind": "Pod", "apiVersion": "v1", **{key: meta[key] for key in ("name", "namespace", "uid")}}
    return {
        "apiVersion": "v1", "kind": "Event", "type": kind, "reason": reason, "message": message,
        "metadata": {"generateName": f"{meta['name']}.", "namespace": meta["namespace"]},
        "involvedObject": about, "source": {"component": "kubelet", "host": node},
        "reportingComponent": "kubelet", "reportingInstance": node,
        "firstTimestamp": now(), "lastTimestamp": now(), "eventTime": micro(), "action": reason, "count": 1,
    }  # fmt: skip
