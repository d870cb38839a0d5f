"""The process that is a job, from its submitter's word to its exit code.

One that was started anew waits on stdin for one whole line, `Orders`: a submitter that dies before leaves half a
line or none, and then nothing has run. The lock of the folder is descriptor 3 and lives as long as this process.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from moorage.frozen import Frozen, plain
from moorage.step.guard import Guard
from moorage_local.folders import End, JobFolder
from moorage_local.taking import NotGiven, Taken, take_share

LOCK_DESCRIPTOR = 3
TIMED_OUT_CODE = 124
"""What `timeout(1)` answers with, too."""

_OOM_SCORE = b"500"  # of 1000: let the kernel take a step before it takes the driver


class Orders(Frozen):
    """What the submitter says when the job may begin; the values of secrets travel in no other way.

    `start` is `interpreter` or `fork`, and `why` the reason for it.
    """

    timeout_seconds: float
    secrets: Mapping[str, str]
    start: str = "interpreter"
    why: str | None = None

    def to_line(self) -> bytes:
        """Return the one line that says so."""
        return json.dumps(plain(self)).encode() + b"\n"


def main() -> None:
    """Be the job of the folder that the command line names."""
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        os._exit(0)
    be_job(JobFolder(Path(sys.argv[1])), Orders(**json.loads(line)))


def be_job(folder: JobFolder, orders: Orders) -> NoReturn:
    """Do what the job of that folder is to do, and end this process."""
    settle(LOCK_DESCRIPTOR)
    os._exit(run_job(folder, orders))


def run_job(folder: JobFolder, orders: Orders, prepare: Callable[[], object] | None = None) -> int:
    """Do what the job of that folder is to do, and return its exit code; `prepare` is called first in each worker."""
    folder.mark_begun()
    if folder.is_cancelled:  # before there was anybody to tell
        return 1
    code = _run(folder, orders, _take_share(folder), prepare)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _take_share(folder: JobFolder) -> Taken:
    try:
        return take_share(folder, os.environ)
    except NotGiven as error:
        folder.write_end(End(None, "platform", str(error)))
        os._exit(1)


def _run(folder: JobFolder, orders: Orders, taken: Taken, prepare: Callable[[], object] | None) -> int:
    code = 1
    try:
        _set_deadline(folder, orders.timeout_seconds)
        from moorage.step.supervisor import supervise

        def be_node(environ: Mapping[str, str], guard: Guard | None) -> int:
            return supervise(environ, orders.start, orders.why, guard, prepare)

        code = taken.run({**os.environ, **orders.secrets}, be_node)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        folder.write_end(End(code))
    return code


def settle(highest: int) -> None:
    """Keep descriptors up to `highest` and no others, none of them for children, and be what the kernel kills first."""
    # Whatever a shell or make left open in the driver would otherwise stay open as long as the step.
    os.closerange(highest + 1, os.sysconf("SC_OPEN_MAX"))
    ours = range(LOCK_DESCRIPTOR, highest + 1)
    for descriptor in ours:
        os.set_inheritable(descriptor, False)
    launcher = os.getpid()
    os.register_at_fork(after_in_child=lambda: _leave(launcher, ours))
    with suppress(OSError), open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
        file.write(_OOM_SCORE)


def _leave(launcher: int, descriptors: Iterable[int]) -> None:
    if os.getppid() == launcher:  # in a child of a child the numbers may be other files'
        for descriptor in descriptors:
            os.close(descriptor)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _set_deadline(folder: JobFolder, seconds: float) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        from moorage.step.descendants import kill_descendants

        kill_descendants()
        folder.write_end(End(None, "timed_out", f"the job was still there after {seconds:g} s and was killed"))
        os._exit(TIMED_OUT_CODE)

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
