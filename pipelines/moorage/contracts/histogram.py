"""A histogram of numbers that merges exactly: log-linear buckets, as fine as a fixed number of them allows.

A number's key is its float64 bits in the order of the numbers, so `key >> shift` is a bucket with 52 - shift
bits of mantissa. Buckets of one shift nest in those of the next: coarsening loses nothing but fineness, the
order of merging never shows, and numbers far from zero or few in kind keep buckets of their own.
"""

import struct
from collections import Counter
from dataclasses import dataclass

MOST = 512
"""How many buckets are kept; past it, neighbours are joined."""

_MASK = 2**63 - 1


@dataclass(frozen=True)
class Histogram:
    """Counts by bucket, ascending; `shift` is the number of low bits of a key that a bucket ignores."""

    shift: int = 0
    counts: tuple[tuple[int, int], ...] = ()

    @property
    def total(self) -> int:
        """How many numbers are in it."""
        return sum(count for _, count in self.counts)


def key_of(number: float) -> int:
    """Return the key of a number that is not NaN; keys have the order of the numbers."""
    (bits,) = struct.unpack("<q", struct.pack("<d", number + 0.0))
    return int(bits ^ _MASK if bits < 0 else bits)


def number_of(key: int) -> float:
    """Return the number of a key: the inverse of `key_of`; a key beyond the numbers is an infinity."""
    bits = key ^ _MASK if key < 0 else key
    (number,) = struct.unpack("<d", struct.pack("<q", bits))
    return float("inf") if number != number and key > 0 else float("-inf") if number != number else float(number)


def coarsen(histogram: Histogram, shift: int) -> Histogram:
    """Return the same counts in buckets of a `shift` that is no smaller."""
    steps = shift - histogram.shift
    if steps == 0:
        return histogram
    counts: Counter[int] = Counter()
    for bucket, count in histogram.counts:
        counts[bucket >> steps] += count
    return Histogram(shift, tuple(sorted(counts.items())))


def fit(histogram: Histogram) -> Histogram:
    """Return the finest histogram of the same numbers that has at most `MOST` buckets."""
    shift = histogram.shift
    buckets = [bucket for bucket, _ in histogram.counts]
    while len(buckets) > MOST:
        shift += 1
        buckets = sorted({bucket >> 1 for bucket in buckets})
    return coarsen(histogram, shift)


def merge(one: Histogram, other: Histogram) -> Histogram:
    """Return the histogram of the numbers of both."""
    if not one.counts or not other.counts:
        return one if one.counts else other
    shift = max(one.shift, other.shift)
    counts: Counter[int] = Counter()
    for part in (one, other):
        for bucket, count in coarsen(part, shift).counts:
            counts[bucket] += count
    return fit(Histogram(shift, tuple(sorted(counts.items()))))
