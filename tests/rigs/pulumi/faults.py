"""What may go wrong on purpose at one resource: the engine is killed, or the operation fails, or hangs."""

import fcntl
import json
import os
import signal
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

VARIABLE = "STAND_IN_FAULT"
COUNTER = "STAND_IN_COUNTER"
"""Names a file that all provider processes of one engine count their operations in."""


class Injected(Exception):
    """A fault that somebody asked for."""


@dataclass(frozen=True)
class Fault:
    """What happens at one resource: `Fault("kill", at="web")`.

    `at` is the resource's name in the program, or its number among the operations of that sort, from 1. `when`
    says whether the platform has already done what was asked. `hang` lasts until the engine cancels.
    """

    does: Literal["kill", "fail", "hang"]
    at: str | int
    when: Literal["before", "after"] = "before"
    operation: Literal["create", "update", "delete"] = "create"

    def variable(self) -> dict[str, str]:
        """Return the environment that carries it to the providers."""
        return {VARIABLE: json.dumps(asdict(self))}


class Trap:
    """Springs the fault that the environment names; does nothing without one."""

    def __init__(self, fault: Fault | None, counter: Path | None, cancelled: threading.Event):
        self._fault, self._counter, self._cancelled = fault, counter, cancelled

    def armed(self, operation: str, name: str) -> Fault | None:
        """Count one operation and return the fault that it meets."""
        fault = self._fault
        if fault is None or fault.operation != operation:
            return None
        met = name == fault.at if isinstance(fault.at, str) else self._count() == fault.at
        return fault if met else None

    def spring(self, fault: Fault | None, when: str) -> None:
        """Do what the fault says, if this is the moment. Raises Injected."""
        if fault is None or fault.when != when:
            return
        if fault.does == "kill":
            os.kill(os.getppid(), signal.SIGKILL)
            os._exit(9)  # a provider that answered a dead engine would prove nothing
        if fault.does == "hang":
            self._cancelled.wait()
            raise Injected("cancelled while it hung")
        raise Injected("this was told to fail")

    def _count(self) -> int:
        if self._counter is None:
            raise Injected(f"a fault by number needs {COUNTER}")
        with self._counter.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(b".")
            return file.tell()


def trap(cancelled: threading.Event) -> Trap:
    """Return the trap that the environment describes."""
    text, counter = os.environ.get(VARIABLE), os.environ.get(COUNTER)
    return Trap(Fault(**json.loads(text)) if text else None, Path(counter) if counter else None, cancelled)
