"""The worker process: forked first, while the supervisor has one thread, and tied to its life."""

import os
import signal
from collections.abc import Callable
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


def fork_worker(work: Callable[[int, int], NoReturn], prepare: Callable[[], object] | None = None) -> Worker:
    """Fork a process that calls `prepare` and `work(orders, answers)`.

    One pipe takes stdout and stderr, to keep their order.
    """
    parent = os.getpid()
    log, orders, answers = os.pipe(), os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            die_with(parent)
            offer_as_victim()
            for end in (log[0], orders[1], answers[0]):
                os.close(end)
            _take_streams(log[1])
            if prepare is not None:
                prepare()
            work(orders[0], answers[1])
        finally:
            os._exit(70)
    os.setpgid(pid, pid)
    for end in (log[1], orders[0], answers[1]):
        os.close(end)
    _enlarge(log[0])
    for end in (log[0], answers[0]):
        os.set_blocking(end, False)
    return Worker(pid, log[0], answers[0], orders[1])


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
