"""Processes of this machine as /proc shows them: whether one lives, what belongs to it, and how it is ended."""

import os
import select
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress

from moorage.errors import PlatformError
from moorage.frozen import Frozen

_GONE = "ZXx"
_KILL_SECONDS = 5.0
_LOOK_SECONDS = 0.02
_EXEC_SECONDS = 0.05


class Identity(Frozen):
    """One process for good: its number, which is used again, and when it started, in ticks since the boot."""

    pid: int
    started: str


class Process(Frozen):
    """One reading: `state` is the letter of /proc/<pid>/stat, see proc_pid_stat(5)."""

    identity: Identity
    state: str
    session: int

    @property
    def is_alive(self) -> bool:
        """Whether it may still run code: neither dead nor a zombie."""
        return self.state not in _GONE


def read(pid: int) -> Process | None:
    """Return what the kernel says of that process now; None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()  # the name before it may hold anything
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Process(Identity(pid, fields[19]), fields[0], int(fields[3]))


def find(identity: Identity) -> Process | None:
    """Return the reading of exactly this process while it is alive; None once it is not."""
    found = read(identity.pid)
    return found if found and found.identity == identity and found.is_alive else None


def members(leader: Identity, mark: str) -> list[int]:
    """Return who lives in the session of `leader` or has `mark` (`NAME=value`) in its first environment.

    The mark finds daemons, which leave the session of who started them.
    """
    living = [found for found in _everyone() if found.is_alive and found.identity.pid != os.getpid()]
    reused = any(found.identity.pid == leader.pid and found.identity != leader for found in living)
    session = None if reused else leader.pid
    return [found.identity.pid for found in living if found.session == session or _is_marked(found, mark)]


def terminate(leader: Identity, seconds: float) -> None:
    """Ask a process to end, and wait for that at most so long; one that is gone is left alone."""
    if find(leader) is None:
        return
    with suppress(ProcessLookupError):
        os.kill(leader.pid, signal.SIGTERM)
    wait_any([leader], seconds)


def kill_members(leader: Identity, mark: str) -> None:
    """Kill all that `members` finds until there is nothing; raises PlatformError when something stays."""
    deadline = time.monotonic() + _KILL_SECONDS
    while found := members(leader, mark):
        if time.monotonic() > deadline:
            raise PlatformError(
                f"process {found[0]} was killed and does not end",
                fix="it waits for a device or a network folder; see what `ps` says of it",
            )
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def wait_any(watched: Sequence[Identity], seconds: float, readable: Sequence[int] = ()) -> bool:
    """Return when one of the processes has ended, or when the seconds are over.

    True when before that one of the descriptors can be read.
    """
    deadline = time.monotonic() + seconds
    with ExitStack() as opened:
        poller = select.poll()
        for identity in watched:
            try:
                descriptor = os.pidfd_open(identity.pid)
            except ProcessLookupError:
                return False
            except OSError:  # the kernel, or what it runs in, does not have it
                return _look_often(watched, deadline, readable)
            opened.callback(os.close, descriptor)
            poller.register(descriptor, select.POLLIN)
        for descriptor in readable:
            poller.register(descriptor, select.POLLIN)
        if not all(map(find, watched)):  # a number was another's by the time we asked
            return False
        ready = [descriptor for descriptor, _ in poller.poll(max(0.0, deadline - time.monotonic()) * 1000)]
        return bool(ready) and all(descriptor in readable for descriptor in ready)


def _look_often(watched: Sequence[Identity], deadline: float, readable: Sequence[int]) -> bool:
    while all(map(find, watched)) and time.monotonic() < deadline:
        if select.select(readable, (), (), _LOOK_SECONDS)[0]:
            return True
    return False


def _everyone() -> Iterator[Process]:
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (found := read(int(entry))):
            yield found


def _is_marked(process: Process, mark: str) -> bool:
    try:
        return os.fsencode(mark) in _environment(process).split(b"\0")
    except OSError:  # another user's, or gone
        return False


def _environment(process: Process) -> bytes:
    # One that becomes another program has neither words nor environment for a moment; the kernel's threads never have.
    pid, deadline = process.identity.pid, time.monotonic() + _EXEC_SECONDS
    environment = _shown(pid, "environ")
    while not environment and process.session and time.monotonic() < deadline:
        has_words = bool(_shown(pid, "cmdline"))  # looked at first: they come together
        environment = _shown(pid, "environ")
        if has_words:
            break
        time.sleep(0.0005)
    return environment


def _shown(pid: int, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read()
