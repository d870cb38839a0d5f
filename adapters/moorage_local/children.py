"""The processes that this process started: their parent must wait for them, and is told how they ended."""

import os


class Children:
    """Those that we started; none of them stays a zombie for longer than until the next `sweep`."""

    def __init__(self) -> None:
        self._running: set[int] = set()
        self._statuses: dict[int, int] = {}

    def add(self, pid: int) -> None:
        """Take on a process that was just started."""
        self._running.add(pid)
        self._statuses.pop(pid, None)  # of an earlier process of that number

    def sweep(self) -> None:
        """Wait for all that have ended."""
        for pid in tuple(self._running):
            self.status(pid)

    def status(self, pid: int) -> int | None:
        """Return how it ended, as waitpid(2) says it; None while it runs, or when it is not ours."""
        if pid in self._running:
            self._wait_for(pid)
        return self._statuses.get(pid)

    def _wait_for(self, pid: int) -> None:
        try:
            ended, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # somebody else in this process waits for every child
            self._running.discard(pid)
            return
        if ended:
            self._running.discard(pid)
            self._statuses[pid] = status
