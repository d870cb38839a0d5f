"""Start a job's process so that a submitter may die at any instruction and the job still runs once or not at all.

The lock of the job's folder is taken first and inherited by the process, which waits for a line from us. The
record is written before that line is sent: when we die before, the process reads the end of the pipe and
leaves, and the lock is free again; when we die after, whoever comes next finds lock and record.
"""

import fcntl
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress

from moorage.errors import PlatformError
from moorage.frozen import plain
from moorage_local import machine, processes
from moorage_local.folders import JobFolder, Record
from moorage_local.launch import LOCK_DESCRIPTOR, Orders
from moorage_local.lower import LocalRequest
from moorage_local.secrets import PREFIX

_LOWEST_SOURCE = 10  # above all descriptors that the process is given
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM)


def spawn(request: LocalRequest, key: str, folder: JobFolder, lock: int, secrets: Mapping[str, str]) -> Record:
    """Start the job, whose lock the caller holds, and return its record."""
    read_end, write_end = os.pipe()
    with suppress(BrokenPipeError), open(write_end, "wb") as say:  # it ended before it listened: `observe` says why
        with open(read_end, "rb") as listen, folder.output.open("wb") as output:
            descriptors = (listen.fileno(), output.fileno(), output.fileno(), lock)
            pid = _start([*request.argv, str(folder.path)], _environment(request, folder), descriptors)
        record = _record(request, key, pid)
        folder.write_record(record)
        say.write(Orders(request.timeout_seconds, secrets).to_line())
    return record


def _start(argv: list[str], environment: Mapping[str, str], descriptors: Sequence[int]) -> int:
    targets = (0, 1, 2, LOCK_DESCRIPTOR)
    with ExitStack() as closing:
        actions = []
        for source, target in zip(descriptors, targets, strict=True):
            high = fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, _LOWEST_SOURCE)
            closing.callback(os.close, high)
            actions.append((os.POSIX_SPAWN_DUP2, high, target))
        return os.posix_spawn(
            argv[0], argv, environment, file_actions=actions, setsid=True, setsigmask=(), setsigdef=_DEFAULT_SIGNALS
        )


def _environment(request: LocalRequest, folder: JobFolder) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    mark, _, path = folder.mark.partition("=")
    return {**inherited, **request.environment, mark: path}


def _record(request: LocalRequest, key: str, pid: int) -> Record:
    process = processes.read(pid)
    if process is None:  # somebody else waits for our children
        raise PlatformError(f"the process of {request.name} vanished as it was started", fix="submit it again")
    return Record(
        key=key,
        job=request.name,
        pid=pid,
        started=process.identity.started,
        tags=request.tags,
        memory_kills=machine.out_of_memory_kills(),
        **plain(machine.here()),
    )
