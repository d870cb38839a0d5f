"""Where a moment of a run lies in its timeline: long stretches in which nothing ran are cut short. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from moorage.report import words

QUIET = 1.0
"""A stretch in which nothing ran is cut when it is longer than this part of the time in which something ran,"""

CUT = 0.08
"""and then it is as wide as this part of it."""

_EACH = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)
_TICKS = 6
_APART = 9.0


@dataclass(frozen=True)
class Stretch:
    """A part of the run's time, in seconds from its start, and in per cent of the picture."""

    start: float
    end: float
    left: float
    right: float
    is_cut: bool


@dataclass(frozen=True)
class Tick:
    """A label on the axis, in per cent from the left."""

    left: float
    label: str


@dataclass(frozen=True)
class Clock:
    """A scale from moments to per cent."""

    begin: datetime
    stretches: tuple[Stretch, ...]

    def place(self, at: datetime) -> float:
        """Return where a moment lies, from 0 to 100; one outside the run lies at its edge."""
        second = (at - self.begin).total_seconds()
        for part in self.stretches:
            if second < part.end:
                share = max(0.0, second - part.start) / (part.end - part.start)
                return part.left + share * (part.right - part.left)
        return 100.0

    @property
    def cuts(self) -> tuple[Stretch, ...]:
        """The stretches that are cut short."""
        return tuple(part for part in self.stretches if part.is_cut)

    def ticks(self) -> tuple[Tick, ...]:
        """Return the labels of the axis, none too near to another."""
        shown = sum(part.end - part.start for part in self.stretches if not part.is_cut)
        each = next((step for step in _EACH if shown / step <= _TICKS), _EACH[-1]) if shown > 2 else shown / 4
        found: list[Tick] = []
        for part in self.stretches:
            first = -(-part.start // each)
            for number in range(0 if part.is_cut else int((part.end - first * each) / each + 1e-6) + 1):
                second = (first + number) * each
                left = part.left + (second - part.start) / (part.end - part.start) * (part.right - part.left)
                if left < 94 and (not found or left - found[-1].left >= _APART):
                    found.append(Tick(left, words.seconds(second).replace(".0 ", " ") if second else "0"))
        return tuple(found)


def clock(begin: datetime, end: datetime, busy: Iterable[tuple[datetime, datetime]]) -> Clock:
    """Return the scale of a run; `busy` is when something was with the platform, in any order."""
    total = max((end - begin) / timedelta(seconds=1), 1e-3)
    merged = _merged(((start - begin).total_seconds(), (stop - begin).total_seconds()) for start, stop in busy)
    worked = sum(stop - start for start, stop in merged)
    edges = [0.0, *(edge for pair in merged for edge in pair), total]
    parts: list[tuple[float, float, bool]] = []
    for number, (start, stop) in enumerate(pairwise(edges)):
        is_cut = number % 2 == 0 and worked > 0 and stop - start > max(QUIET * worked, 1.0)
        if parts and not is_cut and not parts[-1][2]:
            parts[-1] = (parts[-1][0], stop, False)
        elif stop > start:
            parts.append((start, stop, is_cut))
    return Clock(begin, _placed(parts, CUT * worked))


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, stop in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((max(start, 0.0), stop))
    return found


def _placed(parts: Sequence[tuple[float, float, bool]], cut: float) -> tuple[Stretch, ...]:
    widths = [cut if is_cut else stop - start for start, stop, is_cut in parts]
    whole = sum(widths)
    placed, left = [], 0.0
    for (start, stop, is_cut), width in zip(parts, widths, strict=True):
        right = left + 100 * width / whole
        placed.append(Stretch(start, stop, left, right, is_cut))
        left = right
    return tuple(placed)
