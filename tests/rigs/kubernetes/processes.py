"""The processes of one control plane: they end with this process, even when it is killed, and say why they died."""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Any

KEEPER = Path(__file__).with_name("keeper.py")
TAIL_LINES = 15


class Died(Exception):
    """A process of the plane has ended by itself; the text has the last lines of its log."""


class Processes:
    """What one keeper keeps; `folder` gets the logs. May be used from any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pids: dict[str, int] = {}
        self._lock = threading.Lock()
        # A session of its own: an interrupt at the keyboard is for the tests, which then end the plane in order.
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", KEEPER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, start_new_session=True,
        )  # fmt: skip

    @property
    def keeper(self) -> int:
        """The process id of the keeper."""
        return self._keeper.pid

    def start(self, name: str, argv: Sequence[str | Path]) -> int:
        """Start a process under a name, and return its process id."""
        answer = self._ask(do="start", name=name, argv=[str(word) for word in argv], log=str(self.log(name)))
        self.pids[name] = answer["pid"]
        return self.pids[name]

    def end(self, name: str, signal: Signals = SIGKILL) -> None:
        """End a process; it is gone when this returns."""
        self._ask(do="end", name=name, number=int(signal))
        del self.pids[name]

    def check(self) -> None:
        """Raise `Died` when a process has ended that nobody ended."""
        for name, code in self._ask(do="ended")["ended"].items():
            raise Died(f"{name} ended with {code}; its log {self.log(name)} says last:\n{self.tail(name)}")

    def log(self, name: str) -> Path:
        """Return the file that the process writes to."""
        return self.folder / f"{name}.log"

    def tail(self, name: str, lines: int = TAIL_LINES) -> str:
        """Return the last lines of a log."""
        text = self.log(name).read_text(errors="replace") if self.log(name).exists() else ""
        return "\n".join(f"  {line[:400]}" for line in text.splitlines()[-lines:])

    def close(self) -> None:
        """End all processes, the last started first; they are gone when this returns."""
        self._keeper.communicate()
        self.pids.clear()

    def _ask(self, **asked: Any) -> dict[str, Any]:
        with self._lock:
            assert self._keeper.stdin is not None
            assert self._keeper.stdout is not None
            with suppress(BrokenPipeError):
                print(json.dumps(asked), file=self._keeper.stdin)
            line = self._keeper.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the keeper of the processes is gone"}
        if error := answer.get("error"):
            raise Died(error)
        return answer
