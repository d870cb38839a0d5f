"""A store as a driver sees it: when the place does not answer, or asks for fewer requests, it is asked again.

A driver that ends at every outage would leave its run alone just then. Jobs and people's commands keep the
plain store: the first have a patience of their own, the second want to be told at once.
"""

import time
from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path
from typing import ParamSpec, TypeVar

from moorage.errors import Throttled
from moorage.store.failures import Unanswered
from moorage.store.objects import Entry, RemoteObjects
from moorage.store.store import Store

PATIENCE_SECONDS = 120.0
"""How long a driver bears with a store that does not answer before it ends with a sentence."""

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 5.0

P = ParamSpec("P")
R = TypeVar("R")


def patient(
    store: Store,
    seconds: float = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Store:
    """Return the same store, with each call made again for so long while it is unanswered or throttled.

    A folder is returned as it is: what fails there does not pass by itself.
    """
    if store.remote is None:
        return store
    view = copy(store)  # shares the count of calls
    view.remote = view.objects = PatientObjects(store.remote, seconds, sleep, clock)
    return view


class PatientObjects:
    """Objects whose place may be away for some seconds; the fate of a `create` is as uncertain as ever."""

    is_certain = False

    def __init__(
        self, inner: RemoteObjects, seconds: float, sleep: Callable[[float], None], clock: Callable[[], float]
    ) -> None:
        self._inner, self._seconds, self._sleep, self._clock = inner, seconds, sleep, clock

    def get(self, key: str) -> bytes:
        """Return the bytes; raises NotFound."""
        return self._again(self._inner.get, key)

    def stream(self, key: str) -> Iterator[bytes]:
        """Yield the bytes in pieces; raises NotFound at the first, and whatever cuts it off."""
        return self._inner.stream(key)

    def put(self, key: str, data: bytes) -> None:
        """Write the bytes, all or nothing, over what is there."""
        self._again(self._inner.put, key, data)

    def upload(self, key: str, path: Path, size: int) -> None:
        """Write the bytes of a file, all or nothing, over what is there."""
        self._again(self._inner.upload, key, path, size)

    def create(self, key: str, data: bytes) -> bool:
        """Write the bytes if nothing is there; False also when an earlier try of this call wrote them."""
        return self._again(self._inner.create, key, data)

    def head(self, key: str) -> Entry | None:
        """Return what is there; None when nothing is."""
        return self._again(self._inner.head, key)

    def walk(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below `prefix`, sorted by key; after an interruption, from where it was."""
        last = ""
        walking = iter(self._inner.walk(prefix))

        def following() -> Entry | None:
            nonlocal walking
            try:
                return next((entry for entry in walking if entry.key > last), None)
            except (Unanswered, Throttled):
                walking = iter(self._inner.walk(prefix))
                raise

        while (entry := self._again(following)) is not None:
            last = entry.key
            yield entry

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders directly below `prefix`, sorted."""
        return self._again(self._inner.folders, prefix)

    def delete(self, key: str) -> None:
        """Remove the object; nothing there is fine."""
        self._again(self._inner.delete, key)

    def _again(self, call: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        give_up = self._clock() + self._seconds
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return call(*arguments, **named)
            except (Unanswered, Throttled):
                if self._clock() + pause > give_up:
                    raise
            self._sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
