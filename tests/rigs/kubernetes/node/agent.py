"""The node at work: it registers, beats, hears of its pods, and gives each a worker."""

import asyncio
import shutil
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.rigs.kubernetes.api import APPLY, Refused
from tests.rigs.kubernetes.certificates import Authority
from tests.rigs.kubernetes.node import identity, lifecycle
from tests.rigs.kubernetes.node.api import ApiServer, access
from tests.rigs.kubernetes.node.clock import micro, now
from tests.rigs.kubernetes.node.context import Node
from tests.rigs.kubernetes.node.hosts import SLICES
from tests.rigs.kubernetes.node.kubelet import KubeletServer
from tests.rigs.kubernetes.node.pods import Worker
from tests.rigs.kubernetes.node.recall import recalled
from tests.rigs.kubernetes.node.watching import Heard, Watch
from tests.rigs.kubernetes.pair import Pair

Object = dict[str, Any]
LISTED_SECONDS = 30.0


@dataclass(frozen=True)
class RunLog:
    """The log of one run of a container; `ended` says whether nothing more is written."""

    file: Path
    ended: Callable[[], bool]


class Agent:
    """All pods of one node."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.workers: dict[str, Worker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._backlog: list[tuple[str, Object]] = []
        self._stopped = threading.Event()
        self._since = now()
        self._loop = asyncio.get_running_loop()
        self.kubelet = KubeletServer(self._pair(), self.log)

    async def start(self) -> None:
        """Return when the node is registered and ready, and knows its pods."""
        api, settings = self.node.api, self.node.settings
        with suppress(Refused):  # a node of this name was here before
            await asyncio.to_thread(api.create, identity.NODES, identity.node(settings))
        await self._beat()
        self._beating = asyncio.create_task(self._beats())
        selector = f"/api/v1/pods?fieldSelector=spec.nodeName%3D{settings.name}"
        names = ApiServer(access(Path(settings.names_kubeconfig or settings.kubeconfig)))
        for server, path, heard in ((names, SLICES, self.node.names.heard), (api, selector, self._take)):
            watch = Watch(server, path, self._later(heard), self._stopped)
            watch.start()
            await asyncio.to_thread(watch.listed.wait, LISTED_SECONDS)

    async def stop(self) -> None:
        """Kill all pods; the Node object is for others to delete, as a node itself may not."""
        self._stopped.set()
        self._beating.cancel()
        for worker in self.workers.values():
            worker.vanish()
        await asyncio.wait(self._tasks.values(), timeout=5) if self._tasks else None

    def catch_up(self) -> None:
        """Take what was heard while the node was cut off."""
        backlog, self._backlog = self._backlog, []
        for kind, pod in backlog:
            self._take(kind, pod)

    def worker(self, namespace: str, pod: str) -> Worker:
        """Return the worker of a pod; LookupError where the node has none of that name."""
        for worker in reversed(list(self.workers.values())):
            meta = worker.cell.pod["metadata"]
            if (meta["namespace"], meta["name"]) == (namespace, pod):
                return worker
        raise LookupError(f'pod "{namespace}/{pod}" is not on node {self.node.settings.name}')

    def log(self, namespace: str, pod: str, container: str, previous: bool) -> RunLog:
        """Return the log of a container; LookupError, in the kubelet's words, where there is none."""
        worker = self.worker(namespace, pod)
        state = worker.cell.state.container(container)
        if isinstance(state.state, lifecycle.Waiting) and state.last is None:
            why = f"waiting to start: {state.state.reason}"
            raise LookupError(f'container "{container}" in pod "{pod}" is {why}')
        if previous and state.restarts == 0:
            raise LookupError(f'previous terminated container "{container}" in pod "{pod}" not found')
        waits = isinstance(state.state, lifecycle.Waiting)
        number = state.restarts - (1 if previous and not waits else 0)
        process = worker.cell.processes.get(container)
        return RunLog(worker.log(container, number), process.ended.is_set if process and not previous else lambda: True)

    def _pair(self) -> Pair:
        if pair := self.node.settings.serving:
            return Pair(Path(pair[0]), Path(pair[1]))
        return Authority(Path(self.node.settings.folder) / "kubelet").server("kubelet")

    def _later(self, heard: Heard) -> Heard:
        def pass_on(kind: str, told: Object) -> None:
            self._loop.call_soon_threadsafe(heard, kind, told)

        return pass_on

    def _take(self, kind: str, pod: Object) -> None:
        if not self.node.knobs.online.is_set():
            self._backlog.append((kind, pod))
            return
        uid = pod["metadata"]["uid"]
        worker = self.workers.get(uid)
        if kind == "DELETED":
            if worker:
                worker.vanish()
                self._forget(uid)
        elif worker:
            worker.update(pod)
            if self._tasks[uid].done() and _to_be_removed(pod):
                self._tasks[uid] = asyncio.create_task(worker.remove())
        elif pod.get("status", {}).get("phase") in ("Succeeded", "Failed") or pod["metadata"].get("deletionTimestamp"):
            self._begin(uid, Worker(self.node, pod, recalled(pod, now()).stops()), runs=False)
        else:
            self._begin(uid, Worker(self.node, pod, recalled(pod, now())), runs=True)

    def _begin(self, uid: str, worker: Worker, runs: bool) -> None:
        self.workers[uid] = worker
        self._tasks[uid] = asyncio.create_task(self._work(worker, runs))

    async def _work(self, worker: Worker, runs: bool) -> None:
        try:
            if runs:
                await worker.run()
            if _to_be_removed(worker.cell.pod):
                await worker.remove()
        except Exception:  # noqa: BLE001 - one pod that goes wrong must not take the others with it
            traceback.print_exc(file=sys.stderr)
        finally:
            self.node.addresses.give_back(worker.cell.address)

    def _forget(self, uid: str) -> None:
        worker, task = self.workers.pop(uid), self._tasks.pop(uid)
        folder = worker.cell.folder
        task.add_done_callback(lambda _: shutil.rmtree(folder, ignore_errors=True))

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(self.node.settings.pace.heartbeat_seconds)
            await self.node.knobs.online.wait()
            with suppress(Refused, OSError):
                await self._beat()

    async def _beat(self) -> None:
        settings, api = self.node.settings, self.node.api
        status = identity.status(settings, self.kubelet.port, now(), self._since)
        await asyncio.to_thread(api.patch, f"{identity.NODES}/{settings.name}/status", status)
        path = f"{identity.LEASES}/{settings.name}?fieldManager=kubelet&force=true"
        await asyncio.to_thread(api.patch, path, identity.lease(settings, micro()), APPLY)


def _to_be_removed(pod: Mapping[str, Any]) -> bool:
    meta = pod["metadata"]
    return "deletionTimestamp" in meta and meta.get("deletionGracePeriodSeconds") != 0
