"""One run of a container as a process of this machine: started through `launch.py`, logged, signalled, awaited."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.leftovers import MARK
from tests.rigs.kubernetes.node.launch import KILL
from tests.rigs.kubernetes.node.logs import Writer
from tests.rigs.kubernetes.node.volumes import Mount, instead

ROOT = Path(__file__).parents[4]
LAUNCH = (sys.executable, "-S", "-m", "tests.rigs.kubernetes.node.launch")
CHUNK_BYTES = 65536


class CannotStart(Exception):
    """The command could not be executed; the text says why."""


class Process:
    """A container that runs, or has; `log` is where its output goes."""

    def __init__(self, launcher: asyncio.subprocess.Process, pid: int, log: Path, asked: Mapping[str, Any]) -> None:
        self.pid, self.log, self._asked = pid, log, asked
        self._launcher = launcher
        self._out = asyncio.create_task(_pump(launcher, log))
        self.ended = asyncio.Event()

    @classmethod
    async def start(cls, asked: Mapping[str, Any], folder: Path) -> "Process":
        """Return the process when its command runs; `CannotStart` where there is none."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log").touch()  # it may be asked for as soon as the container is said to run
        file = folder / "container.json"
        file.write_text(json.dumps({**asked, "node": os.getpid(), "layer": str(folder / "layer")}))
        ours, theirs = os.pipe()
        launcher = await asyncio.create_subprocess_exec(
            *LAUNCH, str(file), str(theirs),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            pass_fds=(theirs,), cwd=ROOT, env=launch_environment(), start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        try:
            said = await _read_all(ours)
        except asyncio.CancelledError:
            launcher.kill()
            await launcher.wait()
            raise
        process = cls(launcher, said.get("pid", 0), folder / "log", asked)
        if "error" in said or "pid" not in said:
            await process.wait()
            raise CannotStart(said.get("error", "its launcher ended before it ran"))
        return process

    async def wait(self) -> int:
        """Return the exit code, when all output is in the log."""
        code = await self._launcher.wait()
        await self._out
        self.ended.set()
        return code

    def terminate(self) -> None:
        """Ask it to end; process 1 of a container may be deaf to this."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it, and all that it has started."""
        self._send(KILL)

    async def run_inside(self, words: list[str]) -> int:
        """Run a command in the container, and return its exit code."""
        environment, folder = launch_environment(), str(ROOT)
        if self._asked["isolation"] == "namespaces":
            argv = [*LAUNCH, "--enter", str(self.pid), *words]
        else:
            mounts = [Mount(**mount) for mount in self._asked["mounts"]]
            argv = ["env", *(instead(word, mounts) for word in words)]  # which says 127 where there is no such command
            environment, folder = self._asked["environment"], self._asked["folder"]
        inside = await asyncio.create_subprocess_exec(
            *argv, cwd=folder, env=environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            return await inside.wait()
        finally:
            if inside.returncode is None:
                inside.kill()
                await inside.wait()

    def _send(self, number: int) -> None:
        if self._launcher.returncode is None:
            self._launcher.send_signal(number)


def launch_environment() -> dict[str, str]:
    """Return what a launcher needs; the container gets none of it."""
    kept = {MARK: os.environ[MARK]} if MARK in os.environ else {}
    return {"PYTHONPATH": f"{ROOT}:{ROOT / 'pipelines'}", "PATH": os.environ.get("PATH", os.defpath), **kept}


async def _read_all(descriptor: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
        said: dict[str, Any] = {}
        try:
            for line in (await reader.read()).splitlines():
                said |= json.loads(line)
        finally:
            transport.close()  # before its descriptor, whose number the loop would be deaf to ever after
    return said


async def _pump(launcher: asyncio.subprocess.Process, log: Path) -> None:
    assert launcher.stdout is not None
    with log.open("ab") as file:
        writer = Writer(file)
        while data := await launcher.stdout.read(CHUNK_BYTES):
            writer.write(data)
        writer.close()
