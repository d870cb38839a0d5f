"""The warm processes of a driver: which there are, what they were handed, and what they answered."""

import json
import os
import socket
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from moorage.frozen import Frozen, plain
from moorage_local import blas, processes
from moorage_local.children import Children
from moorage_local.folders import MARK_VARIABLE, NOBODY
from moorage_local.keeper import Wanted
from moorage_local.processes import Identity
from moorage_local.refusals import Refusals
from moorage_local.spawn import inherited, start_process
from moorage_local.template import Loads

MOST = 4
"""So many templates with modules are kept; beyond that, the one that was used longest ago is let go."""

_PROGRAM = ("-P", "-c", "from moorage_local.template import main; main()")
_ENDED = "its process ended before it could begin"
_CHILDREN = Children()  # all templates of this process, also those that nobody holds any more


class Started(Frozen):
    """A job that a fork has become: its key and its process."""

    key: str
    identity: Identity


class Ended(Frozen):
    """A job whose process has gone, or does not run it any more; why, when it may never have begun."""

    key: str
    why: str | None = None


class Taker:
    """A process that takes jobs, at the other end of a socket, and the keys of those that it has, oldest first."""

    def __init__(self, line: socket.socket) -> None:
        line.setblocking(False)
        self.line, self.keys = line, list[str]()
        weakref.finalize(self, line.close)  # whoever waits for requests at the other end then leaves

    def ask(self, key: str, wanted: Wanted, lock: int, output: int) -> bool:
        """Hand it a job and return whether it took that; it is not waited for."""
        orders = os.memfd_create("orders")
        try:
            os.write(orders, json.dumps(plain(wanted)).encode())
            os.lseek(orders, 0, os.SEEK_SET)
            socket.send_fds(self.line, [b"."], [lock, output, orders])
        except OSError:  # it has ended, or has more to do than the kernel keeps for it
            return False
        finally:
            os.close(orders)
        self.keys.append(key)
        return True

    def heard(self) -> Iterator[tuple[bytes, list[int]]]:
        """Yield what it has said since, and the descriptors that came with it; b"" last when it has ended."""
        while True:
            try:
                said, descriptors, _, _ = socket.recv_fds(self.line, 65536, 1)
            except BlockingIOError:
                return
            except ConnectionResetError:  # it left before it read all; what it has said is still there
                continue
            yield said, descriptors
            if not said:
                return


class Keeper(Taker):
    """A fork of the template that has loaded these modules; it is one job at a time."""

    def __init__(self, line: socket.socket, loads: Loads, pid: int, key: str) -> None:
        super().__init__(line)
        self.loads, self.keys = loads, [key]
        found = processes.read(pid)
        self.identity = found.identity if found else Identity(NOBODY, "")


class Templates:
    """All templates of one driver, their forks, and what is known of modules that cannot be loaded ahead.

    `room` is the length of the longest path of a job's folder.
    """

    def __init__(self, folder: Path, room: int) -> None:
        self._folder, self._room = folder, room
        self._templates: dict[Loads, Taker] = {}
        self._keepers: list[Keeper] = []
        self._refusals = Refusals(folder)

    def refusal(self, loads: Loads) -> str | None:
        """Return why there is no template for this, if that is known."""
        return self._refusals.find(loads)

    def taker(self, loads: Loads) -> Taker:
        """Return who takes the next job: a fork that has none, else the template, which may still be loading."""
        _CHILDREN.sweep()
        found = self._templates.pop(loads, None) or self._start(loads)
        self._templates[loads] = found  # the newest is the last
        self._let_go_of_old()
        idle = (keeper for keeper in self._keepers if keeper.loads == loads and not keeper.keys)
        return next(idle, found)

    def news(self) -> Iterator[Started | Ended]:
        """Yield what has become of the jobs that were handed over."""
        for loads, template in list(self._templates.items()):
            for said, descriptors in template.heard():
                yield from self._hear(loads, template, json.loads(said or b"{}"), descriptors)
        for keeper in list(self._keepers):
            for said, _ in keeper.heard():
                keys, keeper.keys = keeper.keys, []
                if not said:
                    self._keepers.remove(keeper)
                yield from (Ended(key, None if said else _ENDED) for key in keys)

    def close(self) -> None:
        """Let all of them go; each ends when it has done what it was handed."""
        self._templates.clear()
        self._keepers.clear()

    @property
    def lines(self) -> list[int]:
        """The descriptors that can be read when there is news."""
        return [taker.line.fileno() for taker in (*self._templates.values(), *self._keepers) if taker.keys]

    def _start(self, loads: Loads) -> Taker:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        template = Taker(ours)
        scratch = self._folder / f"{os.getpid()}-{os.urandom(4).hex()}"
        argv = [loads.python, *_PROGRAM, json.dumps(plain(loads)), str(scratch)]
        environment = {**inherited(), **blas.SINGLE, MARK_VARIABLE: "-" * self._room}
        self._folder.mkdir(parents=True, exist_ok=True)
        with theirs, open(os.devnull, "rb") as nothing, open(self._folder / "output", "wb") as output:
            files = (nothing.fileno(), output.fileno(), output.fileno(), theirs.fileno())
            _CHILDREN.add(start_process(argv, environment, files))
        return template

    def _let_go_of_old(self) -> None:
        for loads in [each for each in self._templates if each.modules][:-MOST]:
            template = self._templates[loads]
            keepers = [keeper for keeper in self._keepers if keeper.loads == loads]
            if not any(taker.keys for taker in (template, *keepers)):
                del self._templates[loads]
                self._keepers = [keeper for keeper in self._keepers if keeper not in keepers]

    def _hear(
        self, loads: Loads, template: Taker, said: Mapping[str, object], descriptors: Sequence[int]
    ) -> Iterator[Started | Ended]:
        if "pid" in said:
            key, pid = template.keys.pop(0), int(str(said["pid"]))
            os.set_inheritable(descriptors[0], False)
            self._keepers.append(Keeper(socket.socket(fileno=descriptors[0]), loads, pid, key))
            yield Started(key, self._keepers[-1].identity)
        elif "refused" in said:
            why = self._refusals.note(loads, str(said["refused"]))
            if said["for_good"]:
                self._refusals.keep(loads, why)
        else:
            del self._templates[loads]
            why = self._refusals.note(loads, _ENDED)
            yield from (Ended(key, why) for key in template.keys)
