"""Find and end every process that a step started, however far it has gone from its parent."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

from moorage.step.usage import note_ended

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def die_with(parent: int) -> None:
    """Let this process be killed when `parent`, which forked it, is gone (Linux)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before we asked
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, daemons included (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def reap() -> list[tuple[int, int]] | None:
    """Return the pid and wait status of each child that has ended; None when there is no child at all."""
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return ended or None
        if pid == 0:
            return ended
        note_ended(used)
        ended.append((pid, status))


def kill_descendants(within_seconds: float = 5.0) -> int:
    """Kill and reap every descendant of this process; return how many were still alive.

    Needs `adopt_orphans`: each kill hands the next generation to us.
    """
    killed: set[int] = set()
    deadline = time.monotonic() + within_seconds
    while reap() is not None and time.monotonic() < deadline:
        alive = set(children())
        for pid in alive:
            _kill(pid)
        killed |= alive
        time.sleep(0.001)
    return len(killed)


def signal_group(leader: int, number: signal.Signals) -> None:
    """Send a signal to the process group of `leader`, and to itself where it left the group; gone is fine."""
    with suppress(ProcessLookupError, PermissionError):
        if os.getpgid(leader) != leader:
            os.kill(leader, number)
        os.killpg(leader, number)


def children() -> Iterator[int]:
    """Yield the pids of this process's living children (Linux; nothing elsewhere)."""
    me = os.getpid()
    for entry in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if entry.isdigit() and (stat := _stat(entry)) and int(stat[1]) == me and stat[0] != "Z":
            yield int(entry)


def born(pid: int) -> str | None:
    """Return when the process started, in the kernel's own ticks; None when there is none."""
    stat = _stat(str(pid))
    return stat[19] if stat else None


def _stat(pid: str) -> list[str] | None:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()  # the name before it may hold anything
    except (FileNotFoundError, ProcessLookupError):
        return None


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        _libc().prctl(option, value, 0, 0, 0)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
