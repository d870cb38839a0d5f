"""The templates of a driver: which there are, what they were handed, and what they answered."""

import json
import os
import socket
import time
import weakref
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from moorage.frozen import Frozen, plain
from moorage_local import blas
from moorage_local.children import Children
from moorage_local.folders import MARK_VARIABLE
from moorage_local.spawn import inherited, start_process
from moorage_local.template import Loads, Wanted

MOST = 4
"""So many templates are kept; beyond that, the one that was used longest ago is let go."""
REFUSED_SECONDS = 86400.0
"""For so long a refusal of modules that start threads is remembered in the project."""

_PROGRAM = ("-P", "-c", "from moorage_local.template import main; main()")
_CHILDREN = Children()  # of all templates of this process, also of those that nobody holds any more


class Started(Frozen):
    """A job that a template has become: its key and its process."""

    key: str
    pid: int


class Refused(Frozen):
    """A job that no template becomes: its key, and why."""

    key: str
    why: str


class Template:
    """One warm process, and the keys of the jobs that it has not answered for, oldest first."""

    def __init__(self, loads: Loads, folder: Path, room: int) -> None:
        name = f"{os.getpid()}-{os.urandom(4).hex()}"
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self.socket, self.asked = ours, list[str]()
        self._hang_up = weakref.finalize(self, ours.close)
        argv = [loads.python, *_PROGRAM, json.dumps(plain(loads)), str(folder / name)]
        environment = {**inherited(), **blas.SINGLE, MARK_VARIABLE: "-" * room}
        folder.mkdir(parents=True, exist_ok=True)
        with theirs, open(os.devnull, "rb") as nothing, open(folder / "output", "wb") as output:
            pid = start_process(argv, environment, [nothing.fileno(), *[output.fileno()] * 2, theirs.fileno()])
        _CHILDREN.add(pid)

    def ask(self, key: str, wanted: Wanted, lock: int, output: int) -> bool:
        """Hand it a job and return whether it took that; it is not waited for."""
        orders = os.memfd_create("orders")
        try:
            os.write(orders, json.dumps(plain(wanted)).encode())
            os.lseek(orders, 0, os.SEEK_SET)
            socket.send_fds(self.socket, [b"."], [lock, output, orders])
        except OSError:  # it has ended, or has more to do than the kernel keeps for it
            return False
        finally:
            os.close(orders)
        self.asked.append(key)
        return True

    def answers(self) -> Iterator[Mapping[str, object]]:
        """Yield what it has said since; `refused` last when it has ended."""
        while True:
            try:
                said = self.socket.recv(65536)
            except BlockingIOError:
                return
            except ConnectionResetError:  # it left before it read all; what it has said is still there
                continue
            yield json.loads(said) if said else {"refused": "its template ended before it could begin"}
            if not said:
                return

    def let_go(self) -> None:
        """Let it end when it has done what it was handed."""
        self._hang_up()


class Templates:
    """All templates of one driver, and what is known of modules that cannot be loaded ahead."""

    def __init__(self, folder: Path, room: int) -> None:
        self._folder, self._room = folder, room
        self._living: dict[Loads, Template] = {}
        self._refused: dict[Loads, str] = {}

    def refusal(self, loads: Loads) -> str | None:
        """Return why there is no template for this, if that is known."""
        if loads not in self._refused and (kept := self._kept(loads)):
            self._refused[loads] = kept
        return self._refused.get(loads)

    def template(self, loads: Loads) -> Template:
        """Return the template for this, started if there is none; it may still be loading."""
        _CHILDREN.sweep()
        found = self._living.pop(loads, None) or Template(loads, self._folder, self._room)
        self._living[loads] = found  # the newest is the last
        while len(self._living) > MOST and (idle := self._idle()):
            self._living.pop(idle).let_go()
        return found

    def news(self) -> Iterator[Started | Refused]:
        """Yield what has become of the jobs that templates were asked for."""
        for loads, template in list(self._living.items()):
            for said in template.answers():
                if "pid" in said:
                    yield Started(template.asked.pop(0), int(str(said["pid"])))
                else:
                    yield from self._end(loads, template, said)
                    break

    def close(self) -> None:
        """Let all of them go; each ends when it has done what it was handed."""
        for template in self._living.values():
            template.let_go()
        self._living.clear()

    @property
    def sockets(self) -> list[int]:
        """The descriptors that can be read when there is news."""
        return [template.socket.fileno() for template in self._living.values() if template.asked]

    def _idle(self) -> Loads | None:
        return next((loads for loads, template in list(self._living.items())[:-1] if not template.asked), None)

    def _end(self, loads: Loads, template: Template, said: Mapping[str, object]) -> Iterator[Refused]:
        why = str(said["refused"])
        self._refused[loads] = why
        if said.get("for_good"):
            self._keep(loads, why)
        del self._living[loads]
        template.let_go()
        for key in template.asked:
            yield Refused(key, why)

    def _keep(self, loads: Loads, why: str) -> None:
        file = self._file(loads)
        partial = file.with_suffix(f".{os.getpid()}")
        partial.write_text(why, encoding="utf-8")
        partial.replace(file)

    def _kept(self, loads: Loads) -> str | None:
        try:
            file = self._file(loads)
            fresh = time.time() - file.stat().st_mtime < REFUSED_SECONDS
            return file.read_text(encoding="utf-8") if fresh else None
        except FileNotFoundError:
            return None

    def _file(self, loads: Loads) -> Path:
        # Not by the code: what a change of it makes single-threaded is found out a day later.
        named = "\n".join((loads.python, *loads.modules))
        return self._folder / f"{sha256(named.encode()).hexdigest()[:32]}.refused"
