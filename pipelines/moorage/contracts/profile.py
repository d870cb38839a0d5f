"""The profile of a table: what drift compares, kept instead of the data. Free of polars and numpy."""

import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from moorage.contracts import histogram
from moorage.contracts.histogram import Histogram
from moorage.errors import SpecError

SCHEMA = 1
"""The version of the JSON form; a reader refuses one that is newer than itself."""

TOP = 128
"""How many values of a column of texts are counted one by one."""


@dataclass(frozen=True)
class Moments:
    """The finite numbers of a column: `m2` is the sum of squared differences from the mean.

    Times count in microseconds, from 1970 where they are dates.
    """

    count: int
    mean: float
    m2: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class ColumnProfile:
    """One column: `kind` is number, time, category or other; `nulls` and `nans` count missing cells.

    `top` are the most frequent values of a category with their counts, `other` counts the rest. `distinct`
    is an estimate, and after a merge it is at least so many.
    """

    name: str
    kind: str
    nulls: int
    nans: int = 0
    distinct: int | None = None
    moments: Moments | None = None
    histogram: Histogram | None = None
    top: tuple[tuple[str, int], ...] = ()
    other: int = 0


@dataclass(frozen=True)
class Profile:
    """A table's columns, in its order, over `rows` rows."""

    rows: int
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile | None:
        """Return the column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


def profile_table(path: Path) -> Profile:
    """Return the profile of the table at `path`, read once in bounded memory; SpecError when it cannot be read."""
    from moorage.contracts.profiling import profile_file

    return profile_file(path)


def merge(one: Profile, other: Profile) -> Profile:
    """Return the profile of both tables' rows together.

    Counts, histograms, extremes and up to `TOP` categories are exact; mean and `m2` are so up to rounding.
    SpecError when their columns differ.
    """
    shapes = [[(column.name, column.kind) for column in each.columns] for each in (one, other)]
    if shapes[0] != shapes[1]:
        raise SpecError("these two profiles have different columns", fix="merge profiles of one table's parts")
    columns = tuple(map(_merge_columns, one.columns, other.columns))
    return Profile(one.rows + other.rows, columns)


def profile_to_json(profile: Profile) -> bytes:
    """Return the profile as UTF-8 JSON; equal profiles are equal bytes."""
    body = asdict(profile)
    for column in body["columns"]:
        column["histogram"] = column["histogram"] and _packed(column["histogram"])
    return json.dumps({"schema": SCHEMA, **body}, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def profile_from_json(data: bytes | str) -> Profile:
    """Return the profile that `profile_to_json` wrote; SpecError for anything else."""
    try:
        body = json.loads(data)
        schema = int(body["schema"])
        if schema <= SCHEMA:
            return Profile(body["rows"], tuple(_column(column) for column in body["columns"]))
    except (ValueError, TypeError, KeyError) as error:
        raise SpecError(
            f"this is no profile ({type(error).__name__}: {error})", fix="profile the table again"
        ) from error
    raise SpecError(
        f"the profile has schema {schema}, this moorage reads up to {SCHEMA}", fix="pip install --upgrade moorage"
    )


def merge_moments(one: Moments | None, other: Moments | None) -> Moments | None:
    """Return the moments of both sets of numbers, by Chan's formula."""
    if one is None or other is None:
        return one or other
    count = one.count + other.count
    apart = other.mean - one.mean
    return Moments(
        count,
        mean=finite(one.mean + apart * (other.count / count)),
        m2=finite(one.m2 + other.m2 + apart * apart * one.count * (other.count / count)),
        minimum=min(one.minimum, other.minimum),
        maximum=max(one.maximum, other.maximum),
    )


def finite(number: float) -> float:
    """Return `number`, or the largest there is of its sign where it overflowed: JSON has no infinity."""
    return max(-sys.float_info.max, min(number, sys.float_info.max))


def _merge_columns(one: ColumnProfile, other: ColumnProfile) -> ColumnProfile:
    both = replace(
        one,
        nulls=one.nulls + other.nulls,
        nans=one.nans + other.nans,
        moments=merge_moments(one.moments, other.moments),
        histogram=_merge_histograms(one.histogram, other.histogram),
    )
    return _with_distinct(_with_top(both, one, other), one, other)


def _merge_histograms(one: Histogram | None, other: Histogram | None) -> Histogram | None:
    return None if one is None or other is None else histogram.merge(one, other)


def _with_top(both: ColumnProfile, one: ColumnProfile, other: ColumnProfile) -> ColumnProfile:
    counts = Counter(dict(one.top))
    counts.update(dict(other.top))
    top, rest = most_frequent(counts)
    return replace(both, top=top, other=one.other + other.other + rest)


def most_frequent(counts: Counter[str]) -> tuple[tuple[tuple[str, int], ...], int]:
    """Return the `TOP` values with the highest counts, in a fixed order, and the count of all others."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(ranked[:TOP]), sum(count for _, count in ranked[TOP:])


def _with_distinct(both: ColumnProfile, one: ColumnProfile, other: ColumnProfile) -> ColumnProfile:
    known = [each.distinct for each in (one, other) if each.distinct is not None]
    return replace(both, distinct=exact_distinct(both) or max(known, default=None))


def exact_distinct(column: ColumnProfile) -> int | None:
    """Return how many different values the column has, where the profile holds each of them; else None."""
    if column.kind == "category" and column.other == 0:
        return len(column.top)
    if column.histogram is not None and column.histogram.shift == 0:
        return len(column.histogram.counts)
    return None


def _packed(body: dict[str, Any]) -> dict[str, Any]:
    buckets = [bucket for bucket, _ in body["counts"]]
    gaps = [after - before for before, after in zip([0, *buckets], buckets, strict=False)]
    return {"shift": body["shift"], "gaps": gaps, "counts": [count for _, count in body["counts"]]}


def _unpacked(body: dict[str, Any]) -> Histogram:
    bucket, pairs = 0, []
    for gap, count in zip(body["gaps"], body["counts"], strict=True):
        bucket += gap
        pairs.append((bucket, count))
    return Histogram(body["shift"], tuple(pairs))


def _column(body: dict[str, Any]) -> ColumnProfile:
    moments, packed = body.pop("moments"), body.pop("histogram")
    top = tuple((value, count) for value, count in body.pop("top"))
    return ColumnProfile(
        moments=moments and Moments(**moments), histogram=packed and _unpacked(packed), top=top, **body
    )
