"""The worker process: forked first, while the supervisor has one thread, and tied to its life."""

import os
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NoReturn

from moorage.frozen import Frozen
from moorage.step.descendants import die_with
from moorage.step.memory import offer_as_victim

PIPE_BYTES = 2**20
_F_SETPIPE_SZ = 1031  # Linux


class Worker(Frozen):
    """A forked worker: its pid is also its process group; the rest are our ends of its pipes."""

    pid: int
    log: int
    answers: int
    orders: int


Work = Callable[[int, int], NoReturn]
"""What a worker does with the pipes by which its orders come and its answer goes."""


class Pipes(Frozen):
    """The pipes between a supervisor and its worker, each with the end to read first.

    One takes stdout and stderr, to keep their order.
    """

    log: tuple[int, int]
    orders: tuple[int, int]
    answers: tuple[int, int]

    @property
    def ours(self) -> tuple[int, ...]:
        """The supervisor's ends."""
        return self.log[0], self.orders[1], self.answers[0]

    @property
    def theirs(self) -> tuple[int, ...]:
        """The worker's ends, as `be_worker` takes them."""
        return self.log[1], self.orders[0], self.answers[1]

    def worker(self, pid: int) -> Worker:
        """Return the worker that has the other ends."""
        _enlarge(self.log[0])
        for end in (self.log[0], self.answers[0]):
            os.set_blocking(end, False)
        return Worker(pid, self.log[0], self.answers[0], self.orders[1])


def open_pipes() -> Pipes:
    """Return new pipes."""
    return Pipes(os.pipe(), os.pipe(), os.pipe())


def close_all(descriptors: Iterable[int]) -> None:
    """Close all of them."""
    for descriptor in descriptors:
        os.close(descriptor)


def fork_worker(work: Work) -> Worker:
    """Fork a process that calls `work(orders, answers)` and is killed when this one ends."""
    parent = os.getpid()
    pipes = open_pipes()
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            die_with(parent)
            close_all(pipes.ours)
            be_worker(pipes.theirs, work)
        finally:
            os._exit(70)
    with suppress(PermissionError):  # it has done so itself, and is another program by now
        os.setpgid(pid, pid)
    close_all(pipes.theirs)
    return pipes.worker(pid)


def be_worker(theirs: Sequence[int], work: Work) -> NoReturn:
    """Do the work in this process, which has the worker's ends of `Pipes`."""
    log, orders, answers = theirs
    offer_as_victim()
    _take_streams(log)
    work(orders, answers)


def _take_streams(log: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(nothing)
    os.close(log)


def _enlarge(pipe: int) -> None:
    import fcntl

    try:
        fcntl.fcntl(pipe, _F_SETPIPE_SZ, PIPE_BYTES)
    except OSError:  # not Linux, or the user's pipes are at their limit: it is only slower
        return
