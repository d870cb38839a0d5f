"""Tells the API server how a pod stands: one patch at a time, the newest state each time."""

import asyncio
import sys
from typing import Any

from tests.rigs.kubernetes.api import Refused
from tests.rigs.kubernetes.node import status
from tests.rigs.kubernetes.node.cell import Cell
from tests.rigs.kubernetes.node.clock import now

RETRY_SECONDS = 0.2
LOOK_SECONDS = 0.005


class Reporter:
    """Reports one pod; `address` is set when its sandbox is there, `disrupted` when the node itself ends the pod."""

    def __init__(self, cell: Cell) -> None:
        self.address: str | None = None
        self.disrupted: str | None = None
        self._cell = cell
        self._since = now()
        self._busy = False
        self._gone = False
        self._conditions: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Report for the first time."""
        self._cell.unreported.set()

    async def flush(self) -> None:
        """Return when the API server knows how the pod stands, or has forgotten the pod."""
        while not self._gone and (self._busy or self._cell.unreported.is_set()):
            await asyncio.sleep(LOOK_SECONDS)

    async def run(self) -> None:
        """Report until cancelled, or until the API server has no such pod."""
        while True:
            await self._cell.unreported.wait()
            self._busy = True
            self._cell.unreported.clear()
            try:
                await self._cell.node.knobs.online.wait()
                await self._report()
            except (Refused, OSError) as error:
                if isinstance(error, Refused) and (error.code == 404 or "UID" in error.message):
                    self._gone = True  # or another of its name is there
                    return
                print(f"the status of {self._cell.pod['metadata']['name']} was not taken: {error}", file=sys.stderr)
                await asyncio.sleep(RETRY_SECONDS)
                self._cell.unreported.set()
            finally:
                self._busy = False

    async def _report(self) -> None:
        pod, node = self._cell.pod, self._cell.node
        images = {each.name: self._cell.spec(each.name)["image"] for each in self._cell.state.containers}
        report = status.Report(images, self.address, "127.0.0.1", self._since, pod["metadata"]["uid"])
        body = status.body(self._cell.state, report, self._conditions, now(), self.disrupted)
        meta = pod["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/status"
        await asyncio.to_thread(node.api.patch, path, body)
        self._conditions = body["status"]["conditions"]
