"""How much a service takes on at a time: read from its environment when it starts."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from moorage.errors import SpecError
from moorage_serving.problems import Refused


@dataclass(frozen=True)
class Limits:
    """The largest body in bytes, and how many predictions may be under way at a time."""

    body_bytes: int = 1 << 20
    concurrency: int = 32


def limits_from(environment: Mapping[str, str] = os.environ) -> Limits:
    """Return the limits that `MOORAGE_MAX_BODY_BYTES` and `MOORAGE_MAX_CONCURRENCY` say, or the usual ones."""
    usual = Limits()
    return Limits(
        body_bytes=_number(environment, "MOORAGE_MAX_BODY_BYTES", usual.body_bytes),
        concurrency=_number(environment, "MOORAGE_MAX_CONCURRENCY", usual.concurrency),
    )


class Gate:
    """Counts the predictions under way; one more than allowed is refused at once, not queued."""

    def __init__(self, allowed: int) -> None:
        self._allowed, self._inside = allowed, 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold one place for the length of the block; refuses with 429 when there is none."""
        if self._inside >= self._allowed:
            detail = f"{self._allowed} requests are under way; try again in a second"
            raise Refused(429, "Too Many Requests", detail, headers={"Retry-After": "1"})
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1


def _number(environment: Mapping[str, str], name: str, usual: int) -> int:
    text = environment.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 13 and int(text) > 0):
        raise SpecError(f"{name} is {text!r}, which is not a whole number above 0", fix=f"export {name}={usual}")
    return int(text)
