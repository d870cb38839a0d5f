"""A warm process that has the modules of steps loaded, and becomes their jobs by forking.

It is started like any program, never forked from a driver, and is told by descriptor 3 whose jobs to become. It
forks only while it has one thread: a fork of more may hang on a lock that a thread held. It ends with its driver,
after the jobs that it was handed.
"""

import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from moorage.errors import MoorageError
from moorage.frozen import Frozen, replaced
from moorage.step.code import code_folder
from moorage.step.scratch import remove_tree
from moorage.step.task import StepFailure
from moorage.store import open_store
from moorage_local import blas, machine
from moorage_local.chance import Chance
from moorage_local.keeper import be_keeper, lasting_threads, receive

SOCKET_DESCRIPTOR = 3
LOAD_SECONDS = 60.0
"""Modules that take longer are loaded by each step for itself."""

_STEP_MODULES = ("functions", "outputs", "commands", "supervisor")


class Loads(Frozen):
    """What a template has loaded: modules from the code of that digest, which is in that store."""

    python: str
    store: str
    code: str | None
    modules: tuple[str, ...]

    @property
    def bare(self) -> "Loads":
        """The same with no modules: what supervises steps that are new interpreters."""
        return replaced(self, code=None, modules=())


def main() -> None:
    """Load what the command line says, and become jobs until the driver has gone."""
    os.closerange(SOCKET_DESCRIPTOR + 1, os.sysconf("SC_OPEN_MAX"))  # what a shell or make left open in the driver
    driver = socket.socket(fileno=SOCKET_DESCRIPTOR)
    given = json.loads(sys.argv[1])
    signal.setitimer(signal.ITIMER_REAL, LOAD_SECONDS)  # its default action ends us wherever we hang
    chance = Chance()
    try:
        _load(Loads(**{**given, "modules": tuple(given["modules"])}), Path(sys.argv[2]))
    except BaseException as error:  # noqa: BLE001 - whatever a module raises, SystemExit included
        _refuse(driver, f"its modules cannot be loaded ahead: {type(error).__name__}", False)
    chance.note_loaded()
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no job that has ended stays a zombie
    pools = blas.loaded_pools()

    def prepare() -> None:
        chance.settle()
        blas.restore(pools, os.environ)

    _serve(driver, prepare)


def _load(loads: Loads, scratch: Path) -> None:
    for name in _STEP_MODULES:
        import_module(f"moorage.step.{name}")
    machine.here()
    if not loads.modules:
        return
    before = os.open(".", os.O_PATH | os.O_CLOEXEC)
    os.makedirs(scratch)
    os.chdir(scratch)  # what a module writes when it is imported is nobody's
    try:
        code = None if loads.code is None else _code(loads.store, loads.code)
        sys.path[0:0] = [code] if code else []
        for name in loads.modules:
            import_module(name)
        if code in sys.path:
            sys.path.remove(code)  # each job puts it there for itself
    finally:
        os.fchdir(before)
        os.close(before)
        remove_tree(scratch)


def _code(store_uri: str, digest: str) -> str:
    child = os.fork()  # of its own, since a store that is not a folder is reached by threads
    if child == 0:
        try:
            code_folder(open_store(store_uri), digest, os.environ)
        except (MoorageError, StepFailure, OSError):
            os._exit(1)
        os._exit(0)
    os.waitpid(child, 0)
    return str(code_folder(open_store(store_uri), digest, os.environ))


def _serve(driver: socket.socket, prepare: Callable[[], object]) -> NoReturn:
    gc.collect()
    gc.freeze()  # so that a collection in a job does not copy what we share
    while True:
        descriptors = receive(driver)
        if threads := lasting_threads():
            _refuse(driver, f"its modules start threads ({threads}), and what has threads is not forked", True)
        theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            be_keeper(ours.fileno(), descriptors, prepare)
        for descriptor in (*descriptors, ours.detach()):
            os.close(descriptor)
        with theirs, suppress(OSError):  # it has gone
            socket.send_fds(driver, [json.dumps({"pid": pid}).encode()], [theirs.fileno()])


def _refuse(driver: socket.socket, reason: str, for_good: bool) -> NoReturn:
    with suppress(OSError):  # it has gone
        driver.send(json.dumps({"refused": reason, "for_good": for_good}).encode())
    os._exit(0)
