"""A place of objects that misbehaves at chosen calls, as object stores do; the store above it must bear it."""

from collections.abc import Callable, Iterator
from copy import copy
from enum import StrEnum
from pathlib import Path
from typing import Any

from moorage.errors import AccessDenied, Throttled
from moorage.store import Entry, Store
from moorage.store.failures import Unanswered
from moorage.store.objects import RemoteObjects


class Fault(StrEnum):
    """What may become of one call."""

    REFUSED = "refused"
    THROTTLED = "throttled"
    NEVER_ARRIVED = "never arrived"
    TIMED_OUT = "timed out though it succeeded"
    LATE = "answered late"


Plan = Callable[[int], Fault | None]
"""What becomes of the call of that number, counted from 1."""


class FaultyObjects:
    """The objects of `inner`; `on_late` is called while an answer is awaited that comes late."""

    is_certain = False

    def __init__(self, inner: RemoteObjects, plan: Plan, on_late: Callable[[], object]) -> None:
        self._inner, self._plan, self._on_late = inner, plan, on_late
        self.calls = 0

    def get(self, key: str) -> bytes:
        return self._call(self._inner.get, key)  # type: ignore[no-any-return]

    def stream(self, key: str) -> Iterator[bytes]:
        return self._call(self._inner.stream, key)  # type: ignore[no-any-return]

    def put(self, key: str, data: bytes) -> None:
        self._call(self._inner.put, key, data)

    def upload(self, key: str, path: Path, size: int) -> None:
        self._call(self._inner.upload, key, path, size)

    def create(self, key: str, data: bytes) -> bool:
        return self._call(self._inner.create, key, data)  # type: ignore[no-any-return]

    def head(self, key: str) -> Entry | None:
        return self._call(self._inner.head, key)  # type: ignore[no-any-return]

    def walk(self, prefix: str) -> Iterator[Entry]:
        # A generator, as listings are: what goes wrong shows when it is read.
        yield from self._call(lambda: list(self._inner.walk(prefix)))

    def folders(self, prefix: str) -> list[str]:
        return self._call(self._inner.folders, prefix)  # type: ignore[no-any-return]

    def delete(self, key: str) -> None:
        self._call(self._inner.delete, key)

    def _call(self, call: Callable[..., Any], *arguments: Any) -> Any:
        self.calls += 1
        match self._plan(self.calls):
            case Fault.REFUSED:
                raise AccessDenied("the credentials in use may not do this")
            case Fault.THROTTLED:
                raise Throttled("the store asks for fewer requests")
            case Fault.NEVER_ARRIVED:
                raise Unanswered("the connection was cut")
            case Fault.TIMED_OUT:
                call(*arguments)
                raise Unanswered("it did not answer in time")
            case Fault.LATE:
                self._on_late()
        return call(*arguments)


def faulty(store: Store, plan: Plan, on_late: Callable[[], object] = lambda: None) -> tuple[Store, FaultyObjects]:
    """Return the store as it is reached over such a line, and the line."""
    assert store.remote is not None
    line = FaultyObjects(store.remote, plan, on_late)
    view = copy(store)
    view.remote = view.objects = line
    return view, line


def once(number: int, fault: Fault) -> Plan:
    """Return the plan by which the call of that number alone meets the fault."""
    return lambda call: fault if call == number else None
