"""The state of one pod while it runs: whoever changes it wakes up who waits for changes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.rigs.kubernetes.node.context import Node
from tests.rigs.kubernetes.node.fields import Place
from tests.rigs.kubernetes.node.identity import capacity
from tests.rigs.kubernetes.node.lifecycle import Pod
from tests.rigs.kubernetes.node.process import Process


@dataclass
class Cell:
    """One pod on its node. `address` is where it is reached; `processes` has the newest run of each container,
    `devices` the GPUs that it holds, `hit` those that ran out of memory."""

    node: Node
    pod: Mapping[str, Any]
    address: str
    state: Pod
    volumes: Mapping[str, Path] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    devices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hit: set[str] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    unreported: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def folder(self) -> Path:
        """Where its volumes and logs are."""
        return self.node.folder / str(self.pod["metadata"]["uid"])

    @property
    def hostname(self) -> str:
        """What its containers are called."""
        name = self.pod["spec"].get("hostname") or self.pod["metadata"]["name"]
        return str(name)[:63].rstrip("-.")

    @property
    def place(self) -> Place:
        """Where it is, as its containers are told."""
        return Place(self.node.settings.name, capacity(self.node.settings), self.address)

    def change(self, state: Pod) -> None:
        """Take a new state."""
        if state != self.state:
            self.state = state
            self.unreported.set()
        self.changed.set()

    def spec(self, name: str) -> Mapping[str, Any]:
        """Return what the pod says of a container."""
        spec = self.pod["spec"]
        both = [*spec.get("initContainers", ()), *spec["containers"]]
        return next(each for each in both if each["name"] == name)

    def event(self, kind: str, reason: str, message: str) -> None:
        """Let the cluster know of something that befell the pod."""
        self.node.event(self.pod, kind, reason, message)
