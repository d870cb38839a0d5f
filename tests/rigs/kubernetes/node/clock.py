"""Times as the API has them."""

import datetime as dt


def now() -> str:
    """Return the time in whole seconds: `2026-11-25T20:37:05Z`."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro() -> str:
    """Return the time as leases and events have it: `2026-11-25T20:37:05.000123Z`."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parsed(text: str) -> dt.datetime:
    """Return the time that RFC 3339 text says, nanoseconds cut to microseconds."""
    head, dot, rest = text.replace("Z", "+00:00").partition(".")
    if dot:
        digits = rest[: next((i for i, c in enumerate(rest) if not c.isdigit()), len(rest))]
        return dt.datetime.fromisoformat(f"{head}.{digits[:6]:0<6}{rest[len(digits) :]}")
    return dt.datetime.fromisoformat(head)
