"""One pod on its node: what is due is started, what changed is reported, and what was told to go goes."""

import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.rigs.kubernetes.api import Refused
from tests.rigs.kubernetes.node import lifecycle
from tests.rigs.kubernetes.node.addresses import published
from tests.rigs.kubernetes.node.cell import Cell
from tests.rigs.kubernetes.node.container import Runner, end, grace_seconds
from tests.rigs.kubernetes.node.context import Node
from tests.rigs.kubernetes.node.lifecycle import Kind
from tests.rigs.kubernetes.node.reporting import Reporter
from tests.rigs.kubernetes.node.sources import Missing
from tests.rigs.kubernetes.node.volumes import Maker

Named = Mapping[str, Any]
RETRY_SECONDS = 0.2


class Worker:
    """Runs a pod to its end; `cell` has where it stands."""

    def __init__(self, node: Node, pod: Named, state: lifecycle.Pod) -> None:
        self.cell = Cell(node, pod, node.addresses.take(), state)
        self._reporter = Reporter(self.cell)
        self._runners = {
            each.name: Runner(self.cell, each.name, self._reporter.flush) for each in self.cell.state.containers
        }
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._going: asyncio.Task[None] | None = None

    def update(self, pod: Named) -> None:
        """Take the pod as the API server has it now."""
        self.cell.pod = pod
        if pod["metadata"].get("deletionTimestamp"):
            self._stop(self.cell.state.stops(), grace_seconds(pod))

    def vanish(self) -> None:
        """The API server has it no more: kill what is left of it."""
        self.cell.state = self.cell.state.stops()
        self.kill()

    def fail(self, reason: str, message: str, disrupted: bool = False) -> None:
        """End the pod for a reason of the node's own, with what grace it has."""
        if disrupted:
            self._reporter.disrupted = message
        self._stop(self.cell.state.fails(reason, message), grace_seconds(self.cell.pod))

    def kill(self) -> None:
        """Kill all processes of it."""
        for process in self.cell.processes.values():
            process.kill()
        self._drop_waiting()
        self.cell.changed.set()

    def log(self, container: str, number: int) -> Path:
        """Return the log of a run of a container; the first is 0."""
        return self.cell.folder / "containers" / container / str(number) / "log"

    async def run(self) -> None:
        """Return when nothing of the pod is left to do, and the API server knows it."""
        self._reporter.begin()
        reporting = asyncio.create_task(self._reporter.run())
        deadline = asyncio.create_task(self._deadline())
        preparing = asyncio.create_task(self._prepare())
        try:
            while not lifecycle.over(self.cell.state):
                if preparing.done():
                    preparing.result()
                    self._start_due()
                self.cell.changed.clear()
                await self.cell.changed.wait()
            await self._settled(preparing)
            await self._reporter.flush()
        finally:
            for task in (reporting, deadline, preparing):
                task.cancel()
            await asyncio.gather(reporting, deadline, preparing, return_exceptions=True)
            self.cell.node.names.drop(self.cell.folder / "hosts")

    async def remove(self) -> None:
        """Let the API server forget the pod, when it was told to go."""
        meta = self.cell.pod["metadata"]
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        while True:
            await self.cell.node.knobs.online.wait()
            try:
                with suppress(Refused):  # it is gone, or another of its name is there
                    await asyncio.to_thread(self.cell.node.api.delete, path, body)
                return
            except OSError:
                await asyncio.sleep(RETRY_SECONDS)

    async def _settled(self, preparing: asyncio.Task[None]) -> None:
        preparing.cancel()
        if self._going:
            await self._going
        self._drop_waiting()
        await asyncio.gather(*self._runs.values(), return_exceptions=True)

    async def _prepare(self) -> None:
        node = self.cell.node
        await node.knobs.free.wait()
        await asyncio.sleep(node.settings.pace.start_seconds)
        maker = Maker(self.cell.pod, self.cell.folder / "volumes", self.cell.place, node.sources)
        while True:
            try:
                self.cell.volumes = await asyncio.to_thread(maker.make)
                break
            except Missing as error:
                self.cell.event("Warning", "FailedMount", f"MountVolume.SetUp failed : {error}")
            except (Refused, OSError) as error:
                print(f"the API server did not answer, asked again: {error}", file=sys.stderr)
            await asyncio.sleep(node.settings.pace.mount_retry_seconds)
        self._reporter.address = published(self.cell.address)
        self.cell.changed.set()

    def _start_due(self) -> None:
        for name, task in list(self._runs.items()):
            if task.done():
                del self._runs[name]
                task.result()
        for name in lifecycle.to_start(self.cell.state):
            if name not in self._runs:
                self._runs[name] = asyncio.create_task(self._run(name))
        if lifecycle.apps_over(self.cell.state) and self._going is None:
            self._going = asyncio.create_task(self._end_all((Kind.SIDECAR,), grace_seconds(self.cell.pod)))

    async def _run(self, name: str) -> None:
        try:
            await self._runners[name].run()
        finally:
            self.cell.changed.set()

    async def _deadline(self) -> None:
        if seconds := self.cell.pod["spec"].get("activeDeadlineSeconds"):
            await asyncio.sleep(seconds)
            self.fail("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")

    def _stop(self, state: lifecycle.Pod, grace: float) -> None:
        if self.cell.state.stopping:
            return
        self.cell.change(state)
        self._drop_waiting()
        self._going = asyncio.create_task(self._end_all((Kind.APP, Kind.INIT, Kind.SIDECAR), grace))

    async def _end_all(self, kinds: tuple[Kind, ...], grace: float) -> None:
        until = time.monotonic() + grace
        for kind in kinds:
            left = max(0.0, until - time.monotonic())
            await asyncio.gather(*(end(self.cell, each.name, left) for each in self.cell.state.of_kind(kind)))
        self.cell.changed.set()

    def _drop_waiting(self) -> None:
        for name, task in self._runs.items():
            if not isinstance(self.cell.state.container(name).state, lifecycle.Running):
                task.cancel()
