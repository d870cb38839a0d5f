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
from moorage.frozen import plain, replaced
from moorage_local import machine, processes
from moorage_local.folders import MARK_VARIABLE, JobFolder, Record
from moorage_local.launch import LOCK_DESCRIPTOR, Orders
from moorage_local.lower import LocalRequest
from moorage_local.secrets import PREFIX

_LOWEST_SOURCE = 10  # above all descriptors that the process is given
_POLITE = {"OMP_WAIT_POLICY": "PASSIVE"}
# Threads of OpenMP that wait by spinning make two steps at a time thirty times slower than one after the other.
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM)


def spawn(
    request: LocalRequest, key: str, folder: JobFolder, lock: int, secrets: Mapping[str, str], why: str | None
) -> Record:
    """Start the job, whose lock the caller holds, in a new interpreter, for that reason, and return its record."""
    read_end, write_end = os.pipe()
    with suppress(BrokenPipeError), open(write_end, "wb") as say:  # it ended before it listened: `observe` says why
        with open(read_end, "rb") as listen, folder.output.open("wb") as output:
            descriptors = (listen.fileno(), output.fileno(), output.fileno(), lock)
            pid = start_process([*request.argv, str(folder.path)], environment(request, folder), descriptors)
        process = processes.read(pid)
        if process is None:  # somebody else waits for our children
            raise PlatformError(f"the process of {request.name} vanished as it was started", fix="submit it again")
        record = replaced(record_of(request, key), pid=pid, started=process.identity.started)
        folder.write_record(record)
        say.write(Orders(request.timeout_seconds, secrets, "interpreter", why).to_line())
    return record


def start_process(argv: list[str], environment: Mapping[str, str], descriptors: Sequence[int]) -> int:
    """Start a program in a session of its own with these as its descriptors 0 to 3, and return its process id."""
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


def inherited() -> dict[str, str]:
    """Return our own environment, without secrets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**_POLITE, **kept}


def environment(request: LocalRequest, folder: JobFolder) -> dict[str, str]:
    """Return the environment of the job."""
    return {**inherited(), **request.environment, MARK_VARIABLE: str(folder.path)}


def record_of(request: LocalRequest, key: str) -> Record:
    """Return the record of a job that has no process yet."""
    return Record(
        key=key,
        job=request.name,
        tags=request.tags,
        memory_kills=machine.out_of_memory_kills(),
        **plain(machine.here()),
    )
