"""A column's profile as a small histogram: at most 24 bars, one path. Pure."""

from collections.abc import Iterator
from functools import lru_cache

from moorage.contracts.histogram import Histogram, number_of
from moorage.contracts.profile import ColumnProfile, Moments
from moorage.report import words
from moorage.report.html import Markup, tag

BARS = 24
WIDTH, HEIGHT = 120, 28
_LEAST = 1.0
"""What is there at all is seen: no bar is lower than this."""

_WIDEST = 20.0
_YEAR = 366 * 86_400e6
"""Times within a year of 1970 are taken for spans of time: a profile does not tell them from dates."""


def counts_of(column: ColumnProfile) -> tuple[float, ...]:
    """Return the heights of the column's bars: numbers in ranges of equal width, the most frequent categories."""
    if column.kind == "category":
        return tuple(float(count) for _, count in column.top[:BARS])
    if column.histogram is None or column.moments is None or not column.histogram.counts:
        return ()
    return _of_numbers(column.histogram, column.moments)


def _of_numbers(histogram: Histogram, moments: Moments) -> tuple[float, ...]:
    low, high = moments.minimum, moments.maximum
    found = [0.0] * (min(BARS, len(histogram.counts)) if high > low else 1)
    for bucket, count in histogram.counts:
        edges = (_share(number_of((bucket + side) << histogram.shift), low, high) for side in (0, 1))
        start, end = (edge * len(found) for edge in edges)
        for bar, part in _spread(start, start if histogram.shift == 0 else end, len(found)):
            found[bar] += count * part
    return tuple(found)


def _share(number: float, low: float, high: float) -> float:
    # By halves: the distance between two floats need not be a float.
    inside = min(max(number, low), high)
    return (inside / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.0


def _spread(start: float, end: float, bars: int) -> Iterator[tuple[int, float]]:
    # Buckets grow with the numbers in them: a wide one is shared out over the bars that it covers.
    first = min(bars - 1, int(start))
    last = min(bars - 1, int(end))
    if last <= first:
        yield first, 1.0
        return
    for bar in range(first, last + 1):
        yield bar, (min(end, bar + 1) - max(start, bar)) / (end - start)


@lru_cache(4096)
def histogram(column: ColumnProfile) -> Markup | None:
    """Return the picture of a column; None for one whose values are not counted."""
    heights = counts_of(column)
    if not heights or max(heights) <= 0:
        return None
    each = min(_WIDEST, WIDTH / len(heights))
    gap = 1 if each > 3 else 0.3
    parts = []
    for at, height in enumerate(heights):
        if height > 0:
            tall = max(_LEAST, height / max(heights) * (HEIGHT - 1))
            parts.append(f"M{at * each:.1f} {HEIGHT}v-{tall:.1f}h{each - gap:.1f}V{HEIGHT}z")
    picture = [tag("title", describe(column)), tag("path", d="".join(parts))]
    return tag("svg", picture, class_="bars", role="img", viewBox=f"0 0 {WIDTH} {HEIGHT}")


def describe(column: ColumnProfile) -> str:
    """Return the column's distribution in words, for those who do not see the picture."""
    if column.kind == "category":
        frequent = ", ".join(f"{words.cut(name, 20)} {count:,}" for name, count in column.top[:3])
        return f"{column.name}: {frequent}" + (" and others" if len(column.top) > 3 or column.other else "")
    if column.moments is None:
        return column.name
    low, mean, high = numbers_of(column)
    return f"{column.name}: from {low} to {high}, mean {mean}"


def numbers_of(column: ColumnProfile) -> tuple[str, str, str]:
    """Return the least, mean and greatest of a column of numbers or times; empty for others."""
    if column.moments is None:
        return "", "", ""
    found = (column.moments.minimum, column.moments.mean, column.moments.maximum)
    written = words.number if column.kind != "time" else _span if max(map(abs, found)) < _YEAR else words.epoch
    least, mean, greatest = (written(value if written is words.number else value / 1e6) for value in found)
    return least, mean, greatest


def _span(seconds: float) -> str:
    return words.seconds(seconds) if seconds >= 0 else f"{words.MINUS}{words.seconds(-seconds)}"
