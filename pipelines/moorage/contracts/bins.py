"""The bins in which drift counts two columns: always the reference's own, so that the current one cannot move them."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from moorage.contracts.histogram import Histogram, coarsen, number_of
from moorage.contracts.profile import ColumnProfile

PARTS = 10
"""Numbers are cut at the deciles of the reference, its least and its greatest."""

CATEGORIES = 30
"""So many of the reference's most frequent values have a bin of their own."""


@dataclass(frozen=True)
class Bin:
    """A range or a value, and how many cells of either column are in it."""

    label: str
    reference: int
    current: int


def bins_of(reference: ColumnProfile, current: ColumnProfile) -> tuple[Bin, ...]:
    """Return the bins of two columns of one kind; a bin for missing cells comes last, if either has any."""
    if reference.histogram is not None and current.histogram is not None:
        bins = _of_numbers(reference.histogram, current.histogram)
    else:
        bins = _of_categories(reference, current) if reference.kind == "category" else []
    missing = Bin("missing", reference.nulls + reference.nans, current.nulls + current.nans)
    if missing.reference or missing.current or not bins:
        bins.append(missing)
    return tuple(bins)


def _of_numbers(reference: Histogram, current: Histogram) -> list[Bin]:
    # Buckets of one shift nest in those of a larger one: on the larger, both are exact.
    shift = max(reference.shift, current.shift)
    before, after = coarsen(reference, shift), coarsen(current, shift)
    edges = _deciles(before)
    counts = zip(_counts(before, edges), _counts(after, edges), strict=True)
    labels = _labels([number_of(edge << shift) for edge in edges])
    bins = [Bin(label, *pair) for label, pair in zip(labels, counts, strict=True)]
    # Beyond the reference's range there is a bin only when the current column has something in it.
    return [each for number, each in enumerate(bins) if each.current or 0 < number < len(bins) - 1]


def _deciles(histogram: Histogram) -> list[int]:
    if not histogram.counts:
        return []
    edges = [histogram.counts[0][0]]
    seen, total = 0, histogram.total
    for (bucket, count), (after, _) in pairwise(histogram.counts):
        part = seen * PARTS // total
        seen += count
        if seen * PARTS // total > part:
            # Anywhere between two used buckets cuts the reference alike; the middle is farthest from both.
            edges.append(bucket + max(1, (after - bucket + 1) // 2))
    return [*edges, histogram.counts[-1][0] + 1]


def _counts(histogram: Histogram, edges: Sequence[int]) -> list[int]:
    counts = [0] * (len(edges) + 1)
    for bucket, count in histogram.counts:
        counts[bisect_right(edges, bucket)] += count
    return counts


def _labels(edges: Sequence[float]) -> list[str]:
    if not edges:
        return ["any number"]
    shown = [f"{edge:.6g}" for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    return [f"below {shown[0]}", *between, f"{shown[-1]} and above"]


def _of_categories(reference: ColumnProfile, current: ColumnProfile) -> list[Bin]:
    after = Counter(dict(current.top))
    named = reference.top[:CATEGORIES]
    bins = [Bin(value, count, after.pop(value, 0)) for value, count in named]
    rare = reference.top[CATEGORIES:]
    known = sum(after.pop(value, 0) for value, _ in rare)
    rest = after.total() + current.other
    if reference.other:
        # What the reference did not count by name cannot be told from what is new.
        bins.append(Bin("any other value", sum(count for _, count in rare) + reference.other, known + rest))
        return bins
    if rare:
        bins.append(Bin("rarer values", sum(count for _, count in rare), known))
    return [*bins, Bin("new values", 0, rest)] if rest else bins
