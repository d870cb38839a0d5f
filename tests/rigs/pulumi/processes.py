"""Processes that a command started, whatever groups they made for themselves: all are of its session."""

import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def of_session(session: int) -> list[int]:
    """Return the live processes of a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # The name, in parentheses, may hold anything; after it come state, parent, group and session.
            state, _, _, of = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(of) == session and state != "Z":
                found.append(int(folder.name))
    return found


def wait_for_session(session: int, seconds: float) -> None:
    """Return when a session has no process any more. Raises TimeoutError with what is left."""
    while left := of_session(session):
        with _watched(left[0]) as end:
            if end is not None and not select.select([end], [], [], seconds)[0]:
                raise TimeoutError(f"these outlived the engine that started them: {left}")


def end_session(leader: "subprocess.Popen[str]") -> None:
    """Kill what is left of a session, and collect its leader."""
    while left := of_session(leader.pid):
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            leader.communicate(timeout=1)
    leader.communicate()


@contextmanager
def _watched(process: int) -> Iterator[int | None]:
    try:
        end = os.pidfd_open(process)
    except ProcessLookupError:
        yield None
        return
    try:
        yield end
    finally:
        os.close(end)
