"""How long things took, as people read it. Pure."""

from datetime import datetime


def seconds(value: float) -> str:
    """Return a time span: `42 ms`, `3.2 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`."""
    if value < 0.0995:
        return f"{max(value, 0) * 1000:.0f} ms"
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 172_800:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def between(start: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds from one to the other; None when one is not known."""
    return None if start is None or end is None else (end - start).total_seconds()
