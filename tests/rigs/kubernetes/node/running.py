"""A node as tests have it: started in a process of its own, given orders, gone with the tests."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.rigs.kubernetes.node.process import ROOT
from tests.rigs.kubernetes.node.settings import Settings

STOP_SECONDS = 20.0


class NodeFailed(Exception):
    """The node's process has ended; the text has the end of its log."""


class RunningNode:
    """One node that has joined. Close it, or let this process end: its pods' processes end with it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        folder = Path(settings.folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.json").write_text(settings.model_dump_json())
        self._lock = threading.Lock()
        self._log = folder / "node.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.rigs.kubernetes.node", str(folder / "settings.json")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1, cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'pipelines'}"}, start_new_session=True,
            )  # fmt: skip
        try:
            self.isolation: str = self._answer()["isolation"]
        except BaseException:
            self.crash()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The name of its Node object."""
        return self.settings.name

    @property
    def pid(self) -> int:
        """The process id of the node."""
        return self._process.pid

    def order(self, do: str, **words: str) -> None:
        """Have one of the `orders` obeyed: `order("evict", namespace="a", pod="b", message="no memory")`."""
        with self._lock:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps({"do": do, **words}) + "\n")
            answer = self._answer()
        if "error" in answer:
            raise LookupError(answer["error"])

    def crash(self) -> None:
        """Kill it with all its pods, without a word to the cluster; its Node object stays."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._close_pipes()

    def close(self) -> None:
        """Kill all its pods, and return when its process is gone; its Node object stays."""
        if self._process.poll() is None:
            try:
                self.order("stop")
                self._close_pipes()
                self._process.wait(STOP_SECONDS)
            except (NodeFailed, subprocess.TimeoutExpired):
                self.crash()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])
            raise NodeFailed(f"node {self.settings.name} has ended; its log {self._log} says last:\n{tail}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
