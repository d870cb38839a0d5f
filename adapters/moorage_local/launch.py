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

from moorage.frozen import Frozen, plain, replaced
from moorage.step.guard import Guard
from moorage.step.process import Worker
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


def run_job(
    folder: JobFolder,
    orders: Orders,
    worker: Callable[[], Worker] | None = None,
    ended: Callable[[int], object] = lambda code: None,
) -> int:
    """Do what the job of that folder is to do, and return its exit code.

    `worker` is where the worker of each node comes from. `ended` is called with the exit code when all is done
    and written, and only its scratch folder remains.
    """
    folder.mark_begun()
    if folder.is_cancelled:  # before there was anybody to tell
        return 1
    ending = _Ending(folder, ended)
    code = 1
    try:
        taken = _take_share(folder)
        _set_deadline(folder, orders.timeout_seconds)
        code = _run(orders, taken, worker, ending)
    finally:
        ending(code)
    return code


class _Ending:
    """Says once how the job has ended."""

    def __init__(self, folder: JobFolder, then: Callable[[int], object]) -> None:
        self._folder, self._then, self._said = folder, then, False

    def __call__(self, code: int) -> None:
        if self._said:
            return
        self._said = True
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # the disk is full: how it ended matters more
                stream.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._folder.write_end(End(code))
        self._then(code)


def _take_share(folder: JobFolder) -> Taken:
    try:
        return take_share(folder, os.environ)
    except NotGiven as error:
        folder.write_end(End(None, "platform", str(error)))
        os._exit(1)


def _run(orders: Orders, taken: Taken, worker: Callable[[], Worker] | None, ended: Callable[[int], object]) -> int:
    from moorage.step.supervisor import Start, supervise

    start = Start(orders.start, orders.why)
    if worker is not None:
        start = replaced(start, worker=worker)
    if taken.share.nodes == 1:  # else it is the first node that ends, not the job
        start = replaced(start, ended=ended)

    def be_node(environ: Mapping[str, str], guard: Guard | None) -> int:
        return supervise(environ, start, guard)

    return taken.run({**os.environ, **orders.secrets}, be_node)


def settle(highest: int) -> None:
    """Keep descriptors up to `highest` and no others, none of them for children, and be what the kernel kills first."""
    # Whatever a shell or make left open in the driver would otherwise stay open as long as the step.
    os.closerange(highest + 1, os.sysconf("SC_OPEN_MAX"))
    ours = range(LOCK_DESCRIPTOR, highest + 1)
    for descriptor in ours:
        os.set_inheritable(descriptor, False)
    os.register_at_fork(after_in_child=_Leaving(os.getpid(), ours))
    with suppress(OSError), open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
        file.write(_OOM_SCORE)


class _Leaving:
    """Closes in each child of the launcher what is the launcher's alone."""

    def __init__(self, launcher: int, descriptors: Iterable[int]) -> None:
        self._launcher, self._descriptors = launcher, descriptors
        self._has_left = False

    def __call__(self) -> None:
        # In a child of a child the numbers may be other files', and the launcher may have adopted it by now.
        if self._has_left or os.getppid() != self._launcher:
            return
        self._has_left = True
        for descriptor in self._descriptors:
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
