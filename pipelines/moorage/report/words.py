"""Numbers, times and names as a page writes them. Pure."""

import json
from datetime import UTC, datetime

from moorage import spans

NONE = "\u2013"
"""Stands where there is nothing: a dash."""

MINUS = "\u2212"
_UNITS = ("B", "kB", "MB", "GB", "TB")


def seconds(value: float | None) -> str:
    """Return a time span; a dash when there is none."""
    return NONE if value is None else spans.seconds(value)


def moment(value: datetime | None) -> str:
    """Return a time in UTC, to the second; a dash when there is none."""
    return NONE if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def number(value: float) -> str:
    """Return a number as a person wants to read it: `0.9912`, `200,000`, `1.2e-06`."""
    is_whole = 1000 <= abs(value) < 1e15 or (float(value).is_integer() and abs(value) < 1e15)
    written = f"{abs(value):,.0f}" if is_whole else f"{abs(value):.4g}"
    return f"{MINUS}{written}" if value < 0 else written


def difference(before: float, after: float) -> str:
    """Return how far a number moved, with its sign, and in per cent where that says something."""
    moved = after - before
    if moved == 0:
        return "same"
    share = f" ({moved / abs(before):+.1%})" if before and abs(moved / before) < 10 else ""
    return f"{'+' if moved > 0 else ''}{number(moved)}{share}".replace("(-", f"({MINUS}")


def size(count: int) -> str:
    """Return bytes in decimal units: `228 kB`."""
    value = float(count)
    for unit in _UNITS[:-1]:
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 9.95 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} {_UNITS[-1]}"


def count(value: int, noun: str) -> str:
    """Return `1 row`, `2,000 rows`."""
    return f"{value:,} {noun if value == 1 else noun + 's'}"


def share(part: int, whole: int) -> str:
    """Return a part of a whole in per cent; never 0 % or 100 % for what is not."""
    if not whole:
        return NONE
    value = 100 * part / whole
    if part and value < 0.1:
        return "< 0.1 %"
    if part < whole and value > 99.9:
        return "> 99.9 %"
    return f"{value:.0f} %" if part in (0, whole) else f"{value:.1f} %"


def short_digest(digest: str) -> str:
    """Return the digest's first ten digits."""
    return digest.partition(":")[2][:10] if ":" in digest else digest[:10]


def value(item: object) -> str:
    """Return a parameter as the spec would write it."""
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def cut(line: str, length: int) -> str:
    """Return the line, at most `length` characters of it."""
    return line if len(line) <= length else f"{line[: length - 1]}…"


def cause(name: str) -> str:
    """Return a cause in words: `timed out`."""
    return name.replace("_", " ")


def epoch(seconds_since_1970: float) -> str:
    """Return a time of data: its date, with the clock where it is not midnight; a number where it is no date."""
    try:
        found = datetime.fromtimestamp(seconds_since_1970, UTC)
    except (OverflowError, ValueError, OSError):
        return number(seconds_since_1970)
    return f"{found:%Y-%m-%d}" if found.hour == found.minute == found.second == 0 else f"{found:%Y-%m-%d %H:%M}"
