"""Starts and ends the processes of a control plane, in a process of its own that ends with whoever started it.

Run as a script by `processes.py`, one JSON object a line each way. It has one thread, so that code may run between
fork and exec, and so that PR_SET_PDEATHSIG, which is about the parent's *thread*, is about this process.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 1.0
"""So often it looks whether its parent is still there: a fork of the parent may hold the pipe open."""

LIBC = ctypes.CDLL(None)
KEEPER = os.getpid()
started: dict[str, subprocess.Popen[bytes]] = {}


def start(name: str, argv: list[str], log: str) -> dict[str, Any]:
    """Start a process that is killed when this one is gone; it writes to the end of the log."""
    with open(log, "ab") as out:
        started[name] = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=_die_with_us, cwd=os.path.dirname(log)
        )
    return {"pid": started[name].pid}


def end(name: str, number: int) -> dict[str, Any]:
    """Send the signal, and return when the process is gone."""
    process = started.pop(name)
    process.send_signal(number)
    return {"code": process.wait()}


def ended() -> dict[str, Any]:
    """Return the exit status of each process that has ended by itself."""
    return {"ended": {name: process.returncode for name, process in started.items() if process.poll() is not None}}


COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {"start": start, "end": end, "ended": ended}


def serve() -> None:
    """Do what is asked until the asker is gone, and then end what was started last first."""
    parent, buffer = os.getppid(), b""
    while os.getppid() == parent:
        if not select.select([0], [], [], LOOK_SECONDS)[0]:
            continue
        if not (read := os.read(0, 65536)):
            break
        *lines, buffer = (buffer + read).split(b"\n")
        for line in lines:
            print(json.dumps(_answer(json.loads(line))), flush=True)
    for name in reversed(list(started)):
        end(name, signal.SIGKILL)


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return COMMANDS[asked.pop("do")](**asked)
    except OSError as error:
        return {"error": str(error)}


def _die_with_us() -> None:
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != KEEPER:  # it was killed before we asked to die with it
        os._exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # the processes follow, by their own arrangement
    serve()
