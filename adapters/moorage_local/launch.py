"""`python -m moorage_local.launch FOLDER`: the process that is a job, from its submitter's word to its exit code.

It waits on stdin for one whole line, `Orders`. A submitter that dies before leaves half a line or none,
and then nothing has run. The lock of the folder is inherited as descriptor 3 and lives as long as this process.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

from moorage.frozen import Frozen, plain
from moorage_local.folders import End, JobFolder

LOCK_DESCRIPTOR = 3
TIMED_OUT_CODE = 124
"""What `timeout(1)` answers with, too."""

_OOM_SCORE = "500"  # of 1000: let the kernel take a step before it takes the driver


class Orders(Frozen):
    """What the submitter says when the record is written; the values of secrets travel in no other way."""

    timeout_seconds: float
    secrets: Mapping[str, str]

    def to_line(self) -> bytes:
        """Return the one line that says so."""
        return json.dumps(plain(self)).encode() + b"\n"


def main() -> None:
    """Be the job of the folder that the command line names."""
    folder = JobFolder(Path(sys.argv[1]))
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        os._exit(0)
    _settle()
    folder.mark_begun()
    code = _run(folder, Orders(**json.loads(line)))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run(folder: JobFolder, orders: Orders) -> int:
    code = 1
    try:
        _set_deadline(folder, orders.timeout_seconds)
        from moorage.step.supervisor import supervise

        code = supervise({**os.environ, **orders.secrets})
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        folder.write_end(End(code))
    return code


def _settle() -> None:
    # Whatever a shell or make left open in the driver would otherwise stay open as long as the step.
    for name in os.listdir("/proc/self/fd"):
        if int(name) > LOCK_DESCRIPTOR:
            with suppress(OSError):
                os.close(int(name))
    os.set_inheritable(LOCK_DESCRIPTOR, False)
    launcher = os.getpid()
    os.register_at_fork(after_in_child=lambda: _leave(launcher))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)


def _leave(launcher: int) -> None:
    if os.getppid() == launcher:  # in a child of a child the number may be another file's
        os.close(LOCK_DESCRIPTOR)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _set_deadline(folder: JobFolder, seconds: float) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        from moorage.step.descendants import kill_descendants

        kill_descendants()
        folder.write_end(End(None, "timed_out", f"the job was still there after {seconds:g} s and was killed"))
        os._exit(TIMED_OUT_CODE)

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
