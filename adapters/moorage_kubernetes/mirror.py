"""What the cluster says of one run, kept up to date: one list of each kind, then a watch that tells what changes.

A watch that goes silent is given up and the list asked for anew, so that nothing is missed for long.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from moorage.errors import MoorageError
from moorage_kubernetes.client import POD, Api, Kind
from moorage_kubernetes.facts import Body, Job, Pod, job_of, pod_of
from moorage_kubernetes.refusals import Gone, Unreached

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


class _Kept(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...


_Fact = TypeVar("_Fact", bound=_Kept)


class Feed(Generic[_Fact]):
    """The objects of one kind with some labels, as a thread of ours hears of them."""

    def __init__(self, api: Api, kind: Kind, labels: str, read: Callable[[Body], _Fact], bell: threading.Condition):
        self._api, self._kind, self._labels, self._read, self._bell = api.hasty(), kind, labels, read, bell
        self._facts: dict[str, _Fact] = {}
        self._closed = threading.Event()
        self.changes = 0
        self.error: MoorageError | None = None
        self.is_listed = False
        threading.Thread(target=self._follow, name=f"moorage-{kind.plural}", daemon=True).start()

    @property
    def facts(self) -> Mapping[str, _Fact]:
        """The objects by name; ask while holding the bell."""
        return self._facts

    def put(self, body: Body) -> None:
        """Take what a call of ours was answered with, unless something newer is known."""
        self._change(body, gone=False)

    def close(self) -> None:
        """Let the thread end, which it does at the next word of the server."""
        self._closed.set()

    def _follow(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed.is_set():
            try:
                bodies, version = self._api.list(self._kind, self._labels)
                self._replace(bodies)
                pause = _FIRST_PAUSE
                with suppress(Gone, Unreached):  # silence, too, is no answer
                    self._hear(version)
            except MoorageError as error:
                self._fail(error)
                self._closed.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _hear(self, version: str) -> None:
        while not self._closed.is_set():
            began = time.monotonic()
            for event in self._api.watch(self._kind, self._labels, version):
                body = event["object"]
                version = body["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    self._change(body, gone=event["type"] == "DELETED")
                if self._closed.is_set():
                    return
            if time.monotonic() - began < 1:  # a server that ends every watch at once is not well
                return

    def _replace(self, bodies: Sequence[Body]) -> None:
        facts = {fact.name: fact for fact in map(self._read, bodies)}
        with self._bell:
            if facts != self._facts or not self.is_listed or self.error:
                self.changes += 1
            self._facts, self.is_listed, self.error = facts, True, None
            self._bell.notify_all()

    def _change(self, body: Body, gone: bool) -> None:
        fact = self._read(body)
        with self._bell:
            known = self._facts.get(fact.name)
            if known is not None and known.version > fact.version:
                return
            if gone:
                self._facts.pop(fact.name, None)
            else:
                self._facts[fact.name] = fact
            self.changes += known != fact or gone
            self._bell.notify_all()

    def _fail(self, error: MoorageError) -> None:
        with self._bell:
            self.error = error
            self._bell.notify_all()


class Mirror:
    """The jobs of one kind, and their pods, that carry some labels."""

    def __init__(self, api: Api, kind: Kind, labels: str, bell: threading.Condition) -> None:
        self._bell = bell
        self.jobs: Feed[Job] = Feed(api, kind, labels, lambda body: job_of(body, kind.name), bell)
        self.pods: Feed[Pod] = Feed(api, POD, labels, pod_of, bell)

    @property
    def changes(self) -> int:
        """How often something has changed; ask while holding the bell."""
        return self.jobs.changes + self.pods.changes

    def ready(self, seconds: float) -> None:
        """Return when all has been listed; raises what the cluster says instead, or when it says nothing so long."""
        feeds = (self.jobs, self.pods)
        with self._bell:
            self._bell.wait_for(lambda: all(feed.is_listed or feed.error for feed in feeds), seconds)
            for feed in feeds:
                if feed.error:
                    raise feed.error
                if not feed.is_listed:
                    raise Unreached("the cluster does not answer", fix="wait, then try again")

    def look(self, name: str) -> tuple[Job | None, Sequence[Pod]]:
        """Return a job and its pods as they are known."""
        with self._bell:
            return self.jobs.facts.get(name), [pod for pod in self.pods.facts.values() if pod.job == name]

    def close(self) -> None:
        """Let its threads end."""
        self.jobs.close()
        self.pods.close()
