"""A fork of a template: the process that is one job after another, as long as all goes well.

What is not shared any more between it and the template is what costs in a fork; the second job finds it there.
The code of each step runs in a worker that is forked for it alone, and becomes a new interpreter where the step wants
one. A keeper ends with its driver, after its job.
"""

import ctypes
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

from moorage.frozen import Frozen, replaced
from moorage.step.descendants import die_with_guardian
from moorage.step.process import Worker, fork_worker
from moorage.step.worker import as_interpreter, take_environment, work
from moorage_local import processes
from moorage_local.folders import MARK_VARIABLE, JobFolder, Record
from moorage_local.launch import LOCK_DESCRIPTOR, Orders, run_job, settle
from moorage_local.shares import Share, share_of
from moorage_local.stem import Stem

DESCRIPTORS = 3
"""What comes with each request: the job's lock, its output, and what it is to do."""

_LEAVING_SECONDS = 0.1
_DRIVER = LOCK_DESCRIPTOR + 1
_STEM = LOCK_DESCRIPTOR + 2


class Wanted(Frozen):
    """A job that a process is asked to become."""

    folder: str
    record: dict[str, Any]
    environment: dict[str, str]
    orders: dict[str, Any]


def receive(driver: socket.socket) -> list[int]:
    """Wait for the next request and return its descriptors; end this process when the driver has gone."""
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(driver, 1, DESCRIPTORS)
        except ConnectionResetError:  # it left before it read our last words; what it asked for is still there
            continue
        if not message:
            os._exit(0)
        return descriptors


def lasting_threads() -> str:
    """Return the names of all threads of this process but its first; empty when it may be forked.

    One that was joined may still be on its way out of the kernel, and is given a moment.
    """
    deadline = time.monotonic() + _LEAVING_SECONDS
    while (found := _other_threads()) and time.monotonic() < deadline:
        time.sleep(0.0001)
    return ", ".join(sorted(found))


def _other_threads() -> set[str]:
    found = set()
    for task in os.listdir("/proc/self/task"):
        if int(task) != os.getpid():
            with suppress(FileNotFoundError, ProcessLookupError):  # it left since
                found.add(Path(f"/proc/self/task/{task}/comm").read_text().strip() or "nameless")
    return found


def be_keeper(line: int, descriptors: list[int], prepare: Callable[[], object]) -> NoReturn:
    """Be the job of the first request, and then of those that come by the socket `line`.

    `prepare` is called in the worker of each, before anything of its step.
    """
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        first = _take(descriptors)
        os.dup2(line, _DRIVER)
        os.dup2(0, _STEM)  # for the time being
        settle(_STEM)
        _Keeper(socket.socket(fileno=_DRIVER), prepare).serve(first)
    except BaseException:  # noqa: BLE001 - it goes to the job's output, and the template never goes on in here
        sys.excepthook(*sys.exc_info())
    os._exit(1)


class _Keeper:
    """From the second forked step on, its workers come from a stem."""

    def __init__(self, driver: socket.socket, prepare: Callable[[], object]) -> None:
        self._driver, self._prepare = driver, prepare
        self._pid = os.getpid()
        self._stays = False
        self._stem: Stem | None = None

    def serve(self, wanted: Wanted) -> NoReturn:
        while True:
            code = self._do(wanted)
            if not self._stays:
                os._exit(code)
            _clear_up()
            if wanted.orders["start"] == "fork":
                self._stem = self._stem or Stem(partial(work, prepare=self._adopted), _STEM)
            wanted = _take(receive(self._driver))

    def _do(self, wanted: Wanted) -> int:
        folder = JobFolder(Path(wanted.folder))
        _write_mark(wanted.folder)
        take_environment(wanted.environment)
        record = Record(**wanted.record)
        if record.pid != os.getpid():
            process = processes.read(os.getpid())
            started = process.identity.started if process else ""
            folder.write_record(replaced(record, pid=os.getpid(), started=started))
        self._stays = False
        orders = Orders(**wanted.orders)
        interpreter = partial(fork_worker, partial(as_interpreter, wanted.folder))
        worker = interpreter if orders.start == "interpreter" else self._worker
        return run_job(folder, orders, worker, lambda code: self._ended(code, wanted))

    def _ended(self, code: int, wanted: Wanted) -> None:
        is_late = self._stem is not None and self._stem.is_late
        self._stays = code == 0 and not is_late and _may_stay(wanted)
        if self._stays:
            with suppress(OSError):  # the driver has gone, and the next look says so
                self._driver.send(b"ended")  # before the lock is let go of: who finds it free may count on us

    def _worker(self) -> Worker:
        spare = self._stem.take() if self._stem and share_of(os.environ) == Share() else None
        return spare or fork_worker(partial(work, prepare=self._prepared))

    def _adopted(self) -> None:
        die_with_guardian(self._pid)  # by now it has most likely adopted us
        self._prepared()

    def _prepared(self) -> None:
        folder = os.environ[MARK_VARIABLE]
        _write_mark(folder)
        sys.argv = ["-c", folder]
        self._prepare()


def _take(descriptors: list[int]) -> Wanted:
    lock, output, orders = descriptors
    with open(orders, "rb") as file:
        wanted = Wanted(**json.loads(file.read()))
    os.dup2(lock, LOCK_DESCRIPTOR, inheritable=False)
    for stream in (1, 2):
        os.dup2(output, stream)
    for descriptor in (lock, output):
        os.close(descriptor)
    return wanted


def _may_stay(wanted: Wanted) -> bool:
    # Who cancels a job marks it first, looks whether it has ended, and then signals: never the next job.
    if JobFolder(Path(wanted.folder)).is_cancelled:
        return False
    is_plain = share_of(wanted.environment) == Share() and not wanted.orders["secrets"]  # nobody's after this job
    return is_plain and not lasting_threads()


def _clear_up() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.closerange(_STEM + 1, os.sysconf("SC_OPEN_MAX"))
    os.dup2(0, LOCK_DESCRIPTOR, inheritable=False)  # lets go of the lock, and keeps the number


def _write_mark(folder: str) -> None:
    # What /proc shows of our first environment is our memory: there the mark is found in all that we fork.
    place, room = _mark_place()
    value = os.fsencode(folder)
    if place and len(value) <= room:
        ctypes.memmove(place, value.ljust(room, b"\0"), room)


@cache
def _mark_place() -> tuple[int | None, int]:
    find = ctypes.CDLL(None).getenv
    find.restype = ctypes.c_void_p
    return find(MARK_VARIABLE.encode()), len(os.environ[MARK_VARIABLE])
