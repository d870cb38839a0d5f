"""Start jobs: forks of a template, whose step has its modules loaded or is a new interpreter.

Where no template can be, the job itself is a new interpreter.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from moorage.errors import TargetError
from moorage.frozen import Frozen, plain, replaced
from moorage.step.paths import split_request_uri
from moorage.step.request import STEP_VARIABLE
from moorage_local import processes
from moorage_local.children import Children
from moorage_local.folders import End, JobFolder, Record
from moorage_local.keeper import Wanted
from moorage_local.launch import Orders
from moorage_local.lower import LocalRequest
from moorage_local.processes import Identity
from moorage_local.secrets import resolve
from moorage_local.spawn import environment, record_of, spawn
from moorage_local.template import Loads
from moorage_local.warm import Keeper, Started, Templates

_LONGEST_NAME = 100
_HURRY_SECONDS = 0.005
_NO_MORE = "the process that was to become it takes no more jobs"


class _Way(Frozen):
    """Whose fork becomes a job, how the step in it starts, and why not by forking."""

    loads: Loads
    start: str
    why: str | None = None


class _Asked(Frozen):
    """A job that a template or its fork has been asked to become; `is_again`: for the second time in this way."""

    request: LocalRequest
    folder: JobFolder
    way: _Way
    is_again: bool = False


class Starter:
    """Starts the jobs of one target, and sees to it that those which no template becomes are started all the same."""

    def __init__(self, folder: Path) -> None:
        self.children = Children()
        self._secrets = folder / "secrets.yaml"
        room = len(os.fsencode(folder / "jobs")) + 1 + _LONGEST_NAME
        self._templates = Templates(folder / "templates", room)
        self._asked: dict[str, _Asked] = {}
        self._forked: dict[str, Identity] = {}
        self._refused: dict[str, str] = {}

    def start(self, request: LocalRequest, key: str, folder: JobFolder, lock: int) -> Record:
        """Start the job, whose lock the caller holds, and return its record; what a template loads is not waited for.

        TargetError when the spec asks for a fork and it is known that there can be none.
        """
        secrets = resolve(request.secrets, os.environ, self._secrets)
        self.settle()
        way = self._way(request)
        record = self._ask(way, request, key, folder, lock, secrets)
        if record is None:
            return self._spawn(request, key, folder, lock, secrets, way.why or _NO_MORE)
        self._asked[key] = _Asked(request, folder, way)
        return record

    def settle(self) -> None:
        """Take note of what templates have said, and start in another way what they refused."""
        for news in self._templates.news():
            if news.key not in self._asked:
                continue
            if isinstance(news, Started):
                self._forked[news.key] = news.identity
            elif news.why is None:
                self.forget(news.key)
            else:
                self._refused[news.key] = news.why
        for key, identity in list(self._forked.items()):
            if self._asked[key].folder.has_begun:
                self.forget(key)
            elif processes.find(identity) is None:
                self._refused[key] = "its process ended before it could begin"
        for key in list(self._refused):
            self._start_anew(key)

    def forked(self, key: str) -> Identity | None:
        """Return the process that a template has forked for the job, before the job says so itself."""
        return self._forked.get(key)

    def forget(self, key: str) -> None:
        """Take no further care of the job: whatever becomes of what was asked to be it, it is not started again."""
        for kept in (self._asked, self._forked, self._refused):
            kept.pop(key, None)

    def patience(self, seconds: float) -> float:
        """Return for how long nothing needs to be settled, at most so many seconds, unless a socket has news."""
        return min(seconds, _HURRY_SECONDS) if self._refused else seconds

    def close(self) -> None:
        """Let go of the templates; another start makes new ones."""
        self._templates.close()

    @property
    def sockets(self) -> Sequence[int]:
        """The descriptors that can be read when there is something to settle."""
        return self._templates.lines

    def _why_not_forked(self, request: LocalRequest, loads: Loads) -> str | None:
        if request.start == "interpreter":
            return "the spec says so"
        if request.start is None and request.secrets and request.modules:
            return "its modules could ask for its secrets while they are loaded"
        refusal = self._templates.refusal(loads)
        if refusal and request.start == "fork":
            raise TargetError(_cannot(refusal), fix=_FIX)
        return refusal

    def _way(self, request: LocalRequest) -> _Way:
        loads = _loads(request)
        why = self._why_not_forked(request, loads)
        return _Way(loads, "fork") if why is None else _Way(loads.bare, "interpreter", why)

    def _ask(
        self, way: _Way, request: LocalRequest, key: str, folder: JobFolder, lock: int, secrets: Mapping[str, str]
    ) -> Record | None:
        if self._templates.refusal(way.loads):
            return None
        taker = self._templates.taker(way.loads)
        record = record_of(request, key)
        if isinstance(taker, Keeper):
            record = replaced(record, pid=taker.identity.pid, started=taker.identity.started)
        folder.write_record(record)
        orders = Orders(request.timeout_seconds, secrets, way.start, way.why)
        wanted = Wanted(str(folder.path), plain(record), environment(request, folder), plain(orders))
        with folder.output.open("wb") as output:
            if not taker.ask(key, wanted, lock, output.fileno()):
                return None
        return record

    def _spawn(
        self, request: LocalRequest, key: str, folder: JobFolder, lock: int, secrets: Mapping[str, str], why: str
    ) -> Record:
        record = spawn(request, key, folder, lock, secrets, why)
        self.children.add(record.pid)
        return record

    def _start_anew(self, key: str) -> None:
        asked = self._asked[key]
        lock = asked.folder.lock()
        if lock is None:  # the template has not let go of it yet, or another driver has it
            if asked.folder.has_begun:
                self.forget(key)
            return
        try:
            asked_again = None if asked.folder.has_begun else self._start_refused(key, asked, lock)
        finally:
            os.close(lock)
        self.forget(key)
        if asked_again:
            self._asked[key] = asked_again

    def _start_refused(self, key: str, asked: _Asked, lock: int) -> _Asked | None:
        """Start it in the next way, and return that where a template was asked again."""
        request, folder, why = asked.request, asked.folder, self._refused[key]
        way = self._next_way(asked, why)
        if request.start == "fork" and way != asked.way:
            folder.write_end(End(None, "setup", f"{_cannot(why)}; {_FIX}"))
            return None
        secrets = resolve(request.secrets, os.environ, self._secrets)
        if way and self._ask(way, request, key, folder, lock, secrets):
            return _Asked(request, folder, way, way == asked.way)
        self._spawn(request, key, folder, lock, secrets, asked.way.why or why)
        return None

    def _next_way(self, asked: _Asked, why: str) -> _Way | None:
        # Where it is not the template that has died, but what was to become the job, that may go well the next time.
        if not asked.is_again and self._templates.refusal(asked.way.loads) is None:
            return asked.way
        return _Way(asked.way.loads.bare, "interpreter", why) if asked.way.start == "fork" else None


def _loads(request: LocalRequest) -> Loads:
    store, _ = split_request_uri(request.environment[STEP_VARIABLE])
    code = request.code if request.modules else None
    return Loads(request.argv[0], store, code, request.modules)


def _cannot(why: str) -> str:
    return f"`start: fork` is not possible here: {why}"


_FIX = "leave `start` out, or set it to `interpreter`"
