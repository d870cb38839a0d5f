"""A process that may die at any call that leaves it: a fuse in front of the store and of the platform."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from moorage.ports import Handle, Observation, Owner
from moorage.runs.place import Place
from moorage.store import Entry, Store


class Died(BaseException):
    """The process is gone; no `except Exception` holds it up."""


class Fuse:
    """Burns through at the call of that number: before its effect, or just after it."""

    def __init__(self, calls: int, after: bool) -> None:
        self._left, self._after = calls, after

    def __call__(self, call: Any, *arguments: Any) -> Any:
        """Make the call, unless this is where the process dies."""
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Died
        answer = call(*arguments)
        if self._left == 0:
            raise Died
        return answer


class FusedStore(Store):
    """A store whose every call may be the last of its process."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self.__dict__.update(store.__dict__)
        self._inner, self._fuse = store, fuse

    def find(self, key: str) -> bytes | None:
        """Return the object, or None."""
        return self._fuse(self._inner.find, key)  # type: ignore[no-any-return]

    def get(self, key: str) -> bytes:
        """Return the object."""
        return self._fuse(self._inner.get, key)  # type: ignore[no-any-return]

    def put(self, key: str, data: bytes) -> None:
        """Put the object."""
        self._fuse(self._inner.put, key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Put the object unless there is one."""
        return self._fuse(self._inner.put_if_absent, key, data)  # type: ignore[no-any-return]

    def list(self, prefix: str) -> Iterator[Entry]:
        """Yield what is below the prefix."""
        return self._fuse(self._inner.list, prefix)  # type: ignore[no-any-return]

    def head(self, key: str) -> Entry | None:
        """Return what is known of the object."""
        return self._fuse(self._inner.head, key)  # type: ignore[no-any-return]


class FusedAdapter:
    """An adapter that is its own connection, each call of which may be the last of its process."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def connect(self, target: Any) -> "FusedAdapter":
        """Return itself."""
        return self

    def submit(self, request: Any, key: str) -> Handle:
        """Start a job."""
        return self._fuse(self._inner.submit, request, key)  # type: ignore[no-any-return]

    def observe(self, handles: Sequence[Handle]) -> Sequence[Observation]:
        """Return readings."""
        return self._fuse(self._inner.observe, handles)  # type: ignore[no-any-return]

    def owned(self, owner: Owner) -> Iterator[Handle]:
        """Yield jobs."""
        return self._fuse(self._inner.owned, owner)  # type: ignore[no-any-return]

    def cancel(self, handle: Handle) -> None:
        """Stop a job."""
        self._fuse(self._inner.cancel, handle)


def fused(place: Place, calls: int, after: bool) -> Place:
    """Return the place as a process sees it that dies at its call of that number."""
    fuse = Fuse(calls, after)
    return replace(place, store=FusedStore(place.store, fuse), adapter=FusedAdapter(place.adapter, fuse))
