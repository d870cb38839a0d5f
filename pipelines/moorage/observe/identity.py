"""Ids that follow from a run's id, so that whoever drives the run says the same: of traces, spans, lineage."""

from datetime import datetime
from uuid import UUID

from blake3 import blake3


def trace_id(run: str) -> int:
    """Return the 128 bits that name the trace of a run."""
    return int.from_bytes(_digest("trace", run)[:16])


def span_id(run: str, *parts: str) -> int:
    """Return the 64 bits that name one span of a run: a step, an attempt, or for no parts the run itself."""
    return int.from_bytes(_digest("span", run, *parts)[:8])


def uuid_of(run: str, since: datetime, *parts: str) -> str:
    """Return a UUID of version 7, which sorts by `since`; its other bits follow from the run and the parts."""
    milliseconds = int(since.timestamp() * 1000)
    data = bytearray(milliseconds.to_bytes(6) + _digest("uuid", run, *parts)[:10])
    data[6] = 0x70 | data[6] & 0x0F
    data[8] = 0x80 | data[8] & 0x3F
    return str(UUID(bytes=bytes(data)))


def _digest(*parts: str) -> bytes:
    return blake3("\0".join(parts).encode()).digest()
