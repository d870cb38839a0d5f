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
_ADOPTION_SECONDS = 60.0
_OURS: set[int] = set()


def die_with(parent: int) -> None:
    """Let this process be killed when `parent`, which forked it, is gone (Linux)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before we asked
        os._exit(1)


def die_with_guardian(guardian: int) -> None:
    """Do the same for a parent that is about to adopt this process."""
    deadline = time.monotonic() + _ADOPTION_SECONDS
    while os.getppid() != guardian and time.monotonic() < deadline:
        time.sleep(0.0001)
    die_with(guardian)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, daemons included (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def keep(pid: int) -> None:
    """Count that child as ours from now on, and not as a descendant of any step."""
    _OURS.add(pid)


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
        if pid in _OURS:
            _OURS.discard(pid)
            continue
        note_ended(used)
        ended.append((pid, status))


def kill_descendants(within_seconds: float = 5.0) -> int:
    """Kill and reap every descendant of this process; return how many were still alive.

    Needs `adopt_orphans`: each kill hands the next generation to us.
    """
    killed: set[int] = set()
    deadline = time.monotonic() + within_seconds
    while reap() is not None and time.monotonic() < deadline:
        alive = set(children()) - _OURS
        if not alive and _OURS and not reap():  # one that ended while we looked may have hidden another
            break
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
    for pid in _listed():
        stat = _stat(pid)
        if stat and int(stat[1]) == os.getpid() and stat[0] != "Z":
            yield int(pid)


def _listed() -> list[str]:
    try:
        threads = os.listdir("/proc/self/task")
        return " ".join(_read(f"/proc/self/task/{thread}/children") for thread in threads).split()
    except FileNotFoundError:  # a kernel that was built without it, or a thread that ends
        return [entry for entry in os.listdir("/proc") if entry.isdigit()] if os.path.isdir("/proc/self") else []


def born(pid: int) -> str | None:
    """Return when the process started, in the kernel's own ticks; None when there is none."""
    stat = _stat(str(pid))
    return stat[19] if stat else None


def _stat(pid: str) -> list[str] | None:
    try:
        return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()  # the name before it may hold anything
    except (FileNotFoundError, ProcessLookupError):
        return None


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        _libc().prctl(option, value, 0, 0, 0)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
