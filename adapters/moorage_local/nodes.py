"""Run a job's nodes as processes of this machine: each is a supervisor, and this process ends as the first one does."""

import os
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType

from moorage.errors import MoorageError
from moorage.states import Cause
from moorage.step.descendants import adopt_orphans, die_with, kill_descendants
from moorage.step.node import ADDRESS_VARIABLE, COUNT_VARIABLE, PORT_VARIABLE, RANK_VARIABLE
from moorage_local import limits
from moorage_local.folders import MARK_VARIABLE

_HOST = "127.0.0.1"
_SPOKEN = (0, 1)
"""The exit codes of a supervisor that has said in the store how its node ended."""


def run_nodes(environ: Mapping[str, str], count: int, supervise: Callable[[int, Mapping[str, str]], int]) -> int:
    """Run `supervise(rank, environ)` in a process per node, and return the exit code of the first.

    When a signal ended the first one, the same ends this process. Nothing of any node is left.
    """
    adopt_orphans()
    meeting = {ADDRESS_VARIABLE: _HOST, PORT_VARIABLE: str(_free_port()), COUNT_VARIABLE: str(count)}
    parent = os.getpid()
    ranks: dict[int, int] = {}
    _pass_on(ranks)
    for rank in range(count):
        pid = os.fork()
        if pid == 0:
            _be_node(parent, partial(supervise, rank, {**environ, **meeting, RANK_VARIABLE: str(rank)}))
        ranks[pid] = rank
    status = _first_status(environ, ranks)
    kill_descendants()
    if os.WIFSIGNALED(status):
        _die_of(signal.Signals(os.WTERMSIG(status)))
    return os.waitstatus_to_exitcode(status)


def _die_of(number: signal.Signals) -> None:
    if number is not signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _be_node(parent: int, supervise: Callable[[], int]) -> None:
    code = 70
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        die_with(parent)
        code = supervise()
    finally:
        os._exit(code)


def _pass_on(ranks: Mapping[int, int]) -> None:
    def tell(number: int, frame: FrameType | None) -> None:
        for pid in ranks:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)


def _first_status(environ: Mapping[str, str], ranks: Mapping[int, int]) -> int:
    while True:
        pid, status = os.wait()
        rank = ranks.get(pid)
        if rank == 0:
            return status
        if rank is not None and not (os.WIFEXITED(status) and os.WEXITSTATUS(status) in _SPOKEN):
            _report(environ, rank, status)


def _report(environ: Mapping[str, str], rank: int, status: int) -> None:
    from moorage.step.crew import report_end

    cause, killed = Cause.LOST, limits.killed_for_memory(Path(environ[MARK_VARIABLE]))
    if killed:
        cause, how = Cause.OUT_OF_MEMORY, killed
    elif os.WIFSIGNALED(status):
        how = f"its process was killed by {signal.Signals(os.WTERMSIG(status)).name}"
    else:
        how = f"its process ended with exit code {os.WEXITSTATUS(status)}"
    with suppress(MoorageError):  # then its beats have stopped, and that is seen
        report_end(environ, rank, cause, how)


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind((_HOST, 0))
        port: int = asked.getsockname()[1]
    return port
