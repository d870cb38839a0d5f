"""One run of one container, from the wait before it to its end."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from tests.rigs.kubernetes.api import Refused
from tests.rigs.kubernetes.node import logs, memory, probes
from tests.rigs.kubernetes.node.addresses import published
from tests.rigs.kubernetes.node.backoff import Backoff
from tests.rigs.kubernetes.node.cell import Cell
from tests.rigs.kubernetes.node.clock import now
from tests.rigs.kubernetes.node.lifecycle import Terminated
from tests.rigs.kubernetes.node.preparing import prepared
from tests.rigs.kubernetes.node.process import CannotStart, Process
from tests.rigs.kubernetes.node.settings import Image
from tests.rigs.kubernetes.node.sources import Missing

MESSAGE_BYTES = 4096
GRACE_SECONDS = 30
GPU = "nvidia.com/gpu"


class Runner:
    """Runs a container as often as it is asked to; `flush` returns when the API server knows how the pod stands."""

    def __init__(self, cell: Cell, name: str, flush: Callable[[], Awaitable[None]]) -> None:
        self._cell, self._name, self._flush = cell, name, flush
        self._spec = cell.spec(name)
        pace = cell.node.settings.pace
        self._crashes = Backoff(pace.backoff_seconds, pace.backoff_limit_seconds)
        self._pulls = Backoff(pace.backoff_seconds, pace.backoff_limit_seconds, pace.backoff_seconds)
        self._ran_seconds = 0.0
        self._killing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Run it once; the state of the pod says how it ended."""
        devices = self._cell.node.devices
        try:
            await self._run()
        finally:
            devices.give_back(self._cell.devices.pop(self._name, ()))

    async def _run(self) -> None:
        if self._cell.state.container(self._name).ended:
            await self._back_off()
        image = await self._pulled()
        gpus = int(self._spec.get("resources", {}).get("limits", {}).get(GPU, 0))
        self._cell.devices[self._name] = self._cell.node.devices.take(gpus)
        asked = await self._configured(image)
        began, started = now(), time.monotonic()
        message = self._message_file
        message.parent.mkdir(parents=True, exist_ok=True)
        message.write_bytes(b"")
        message.chmod(0o666)  # whoever the container is, it may leave a word
        try:
            container = self._cell.state.container(self._name)
            number = container.restarts + (container.ended is not None)
            process = await Process.start(asked, self._folder / str(number))
        except CannotStart as error:
            self._end(Terminated(128, "StartError", began, now(), str(error)))
            return
        self._cell.processes[self._name] = process
        self._cell.change(self._cell.state.runs(self._name, began))
        code = await self._attend(process)
        self._ran_seconds = time.monotonic() - started
        self._end(Terminated(code, self._reason(code), began, now(), self._said(code)))

    @property
    def _folder(self) -> Path:
        return self._cell.folder / "containers" / self._name

    @property
    def _message_file(self) -> Path:
        return self._folder / "termination-log"

    async def _attend(self, process: Process) -> int:
        pace, ports = self._cell.node.settings.pace, self._spec.get("ports", ())
        named = {each["name"]: each["containerPort"] for each in ports if "name" in each}
        probed = probes.Probed(named, published(self._cell.address), process.run_inside, pace.probe_second)
        hearer = probes.Hearer(self._probed, self._unhealthy)
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(probes.watch(self._spec, probed, hearer))]
        if limit := memory.limit_bytes(self._spec):
            tasks.append(asyncio.create_task(self._watch_memory(process, limit)))
        if hook := (self._spec.get("lifecycle") or {}).get("postStart", {}).get("exec"):
            tasks.append(asyncio.create_task(process.run_inside(hook["command"])))
        try:
            return await process.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch_memory(self, process: Process, limit: int) -> None:
        while await asyncio.to_thread(memory.used_bytes, process.pid) <= limit:
            await asyncio.sleep(memory.LOOK_SECONDS)
        self._cell.hit.add(self._name)
        process.kill()

    def _probed(self, started: bool, ready: bool) -> None:
        self._cell.change(self._cell.state.probed(self._name, started, ready))

    def _unhealthy(self, why: str) -> None:
        self._cell.event("Warning", "Unhealthy", why)
        self._killing = asyncio.create_task(end(self._cell, self._name, grace_seconds(self._cell.pod)))

    async def _back_off(self) -> None:
        wait = self._crashes.after(self._ran_seconds)
        if not wait:
            return
        pod = self._cell.pod["metadata"]
        what = f"{self._name} pod={pod['name']}_{pod['namespace']}({pod['uid']})"
        text = f"back-off {wait:g}s restarting failed container={what}"
        self._cell.change(self._cell.state.waits(self._name, "CrashLoopBackOff", text))
        self._cell.event("Warning", "BackOff", f"Back-off restarting failed container {what}")
        await asyncio.sleep(wait)

    async def _pulled(self) -> Image:
        name = self._spec["image"]
        while (image := self._cell.node.image(name)) is None:
            why = f'failed to pull and unpack image "{name}": not found'
            if self._spec.get("imagePullPolicy") == "Never":
                self._waits("ErrImageNeverPull", f'Container image "{name}" is not present with pull policy of Never')
            else:
                self._waits("ErrImagePull", why)
                self._cell.event("Warning", "Failed", f'Failed to pull image "{name}": {why}')
                await self._flush()
                self._waits("ImagePullBackOff", f'Back-off pulling image "{name}": ErrImagePull: {why}')
            await asyncio.sleep(self._pulls.after(0.0))
        return image

    async def _configured(self, image: Image) -> Mapping[str, Any]:
        while True:
            try:
                return await asyncio.to_thread(prepared, self._cell, self._spec, image, self._message_file)
            except (Missing, LookupError) as error:
                self._waits("CreateContainerConfigError", str(error))
                self._cell.event("Warning", "Failed", f"Error: {error}")
            except (Refused, OSError) as error:
                print(f"the API server did not answer, asked again: {error}", file=sys.stderr)
            await asyncio.sleep(self._cell.node.settings.pace.mount_retry_seconds)

    def _waits(self, reason: str, message: str) -> None:
        self._cell.change(self._cell.state.waits(self._name, reason, message))

    def _end(self, ended: Terminated) -> None:
        self._cell.change(self._cell.state.ends(self._name, ended))

    def _reason(self, code: int) -> str:
        if self._name in self._cell.hit:
            self._cell.hit.discard(self._name)
            return "OOMKilled"
        return "Error" if code else "Completed"

    def _said(self, code: int) -> str:
        said = self._message_file.read_bytes()[:MESSAGE_BYTES].decode(errors="replace")
        fallback = self._spec.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        return said or (logs.last(self._cell.processes[self._name].log) if code and fallback else "")


def grace_seconds(pod: Mapping[str, Any]) -> float:
    """Return how long the containers of a pod have between SIGTERM and SIGKILL."""
    own = pod["spec"].get("terminationGracePeriodSeconds", GRACE_SECONDS)
    return float(pod["metadata"].get("deletionGracePeriodSeconds", own))


async def end(cell: Cell, name: str, grace: float) -> None:
    """End a container that runs: its hook, SIGTERM, and SIGKILL when its grace is over."""
    process = cell.processes.get(name)
    if process is None or process.ended.is_set():
        return
    cell.event("Normal", "Killing", f"Stopping container {name}")
    try:
        async with asyncio.timeout(grace):
            if hook := (cell.spec(name).get("lifecycle") or {}).get("preStop", {}).get("exec"):
                await process.run_inside(hook["command"])
            process.terminate()
            await process.ended.wait()
    except TimeoutError:
        process.kill()
        await process.ended.wait()
