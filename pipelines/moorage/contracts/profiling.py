"""Read a table in batches and profile it: the only part of profiles that needs polars and numpy."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from moorage.contracts import histogram
from moorage.contracts.histogram import Histogram
from moorage.contracts.profile import (
    ColumnProfile,
    Moments,
    Profile,
    exact_distinct,
    finite,
    merge_moments,
    most_frequent,
)
from moorage.contracts.scan import names_and_types, open_table, reading

BATCH_ROWS = 131_072
"""How many rows are profiled at one time."""

MOST_VALUES = 50_000
"""With more different texts than this a column counts none of them one by one: they are names, not categories."""

LONGEST = 100
"""How many characters of a text a profile holds."""


def profile_file(path: Path) -> Profile:
    """Return the profile of the table at `path`; SpecError when it cannot be read."""
    frame = open_table(path)
    schema = names_and_types(frame)
    tallies = [_tally(name, dtype) for name, dtype in schema.items()]
    rows = 0
    with reading(path):
        for batch in frame.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, engine="streaming"):
            rows += batch.height
            for tally in tallies:
                tally.add(batch.get_column(tally.name))
        distinct = _distinct(frame, schema)
    columns = [tally.profile() for tally in tallies]
    return Profile(
        rows, tuple(replace(each, distinct=exact_distinct(each) or distinct.get(each.name)) for each in columns)
    )


class _Tally:
    def __init__(self, name: str, kind: str = "other") -> None:
        self.name, self.kind, self.nulls = name, kind, 0

    def add(self, cells: Any) -> None:
        self.nulls += cells.null_count()

    def profile(self) -> ColumnProfile:
        return ColumnProfile(self.name, self.kind, self.nulls)


class _Categories(_Tally):
    def __init__(self, name: str) -> None:
        super().__init__(name, "category")
        self.counts: Counter[str] = Counter()
        self.other, self.is_open = 0, True

    def add(self, cells: Any) -> None:
        import polars as pl

        super().add(cells)
        present = cells.drop_nulls().cast(pl.String)
        if self.is_open:
            self.counts.update(dict(present.value_counts(name="\0count").rows()))
            self.is_open = len(self.counts) <= MOST_VALUES
        else:
            self.other += len(present)

    def profile(self) -> ColumnProfile:
        if not self.is_open:
            return replace(super().profile(), other=self.other + self.counts.total())
        top, other = most_frequent(Counter({_short(value): count for value, count in self.counts.items()}))
        return replace(super().profile(), top=top, other=other)


class _Numbers(_Tally):
    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name, kind)
        self.nans = 0
        self.moments: Moments | None = None
        self.histogram = Histogram()

    def add(self, cells: Any) -> None:
        import numpy as np

        super().add(cells)
        values = _floats(cells, self.kind)
        known = values[~np.isnan(values)]
        self.nans += len(values) - len(known)
        if len(known):
            self.moments = merge_moments(self.moments, _moments(known[np.isfinite(known)]))
            self.histogram = histogram.merge(self.histogram, _histogram(known, self.histogram.shift))

    def profile(self) -> ColumnProfile:
        known = replace(super().profile(), nans=self.nans, moments=self.moments)
        return replace(known, histogram=self.histogram)


def _tally(name: str, dtype: Any) -> _Tally:
    if dtype.is_numeric():
        return _Numbers(name, "number")
    if dtype.is_temporal() and dtype.base_type().__name__ != "Time":
        return _Numbers(name, "time")
    is_category = dtype.base_type().__name__ in ("String", "Categorical", "Enum", "Boolean")
    return _Categories(name) if is_category else _Tally(name)


def _floats(cells: Any, kind: str) -> Any:
    import polars as pl

    present = cells.drop_nulls()
    if kind == "time":
        duration = present.dtype.base_type() is pl.Duration
        unit = present.cast(pl.Duration("us") if duration else pl.Datetime("us"))
        present = unit.to_physical()
    return present.cast(pl.Float64).to_numpy()


def _moments(numbers: Any) -> Moments | None:
    import numpy as np

    if not len(numbers):
        return None
    with np.errstate(over="ignore"):
        mean = finite(float(numbers.mean()))
        spread = finite(float(((numbers - mean) ** 2).sum()))
    return Moments(len(numbers), mean, spread, float(numbers.min()), float(numbers.max()))


def _histogram(numbers: Any, shift: int) -> Histogram:
    import numpy as np

    bits = (numbers + 0.0).view(np.int64)
    keys = np.where(bits < 0, bits ^ np.int64(2**63 - 1), bits) >> shift
    low = int(keys.min())
    if int(keys.max()) - low < 2**20:
        counts = np.bincount(keys - low)
        used = np.flatnonzero(counts)
        buckets, counts = used + low, counts[used]
    else:
        buckets, counts = np.unique(keys, return_counts=True)
    return _fitted(buckets, counts, shift)


def _fitted(buckets: Any, counts: Any, shift: int) -> Histogram:
    import numpy as np

    steps = 0
    while 1 + np.count_nonzero(np.diff(buckets >> steps)) > histogram.MOST:
        steps += 1
    coarse = buckets >> steps
    starts = np.flatnonzero(np.diff(coarse, prepend=coarse[0] - 1))
    sums = np.add.reduceat(counts, starts)
    return Histogram(shift + steps, tuple(zip(coarse[starts].tolist(), sums.tolist(), strict=True)))


def _distinct(frame: Any, schema: Mapping[str, Any]) -> dict[str, int]:
    import polars as pl

    names = [name for name, dtype in schema.items() if _tally(name, dtype).kind != "other"]
    if not names:
        return {}
    estimates = frame.select(pl.col(names).drop_nulls().approx_n_unique()).collect(engine="streaming")
    return dict(zip(names, estimates.row(0), strict=True))


def _short(value: str) -> str:
    if len(value) <= LONGEST:
        return value
    # Two long texts that begin alike stay two.
    return f"{value[:LONGEST]}…{blake2b(value.encode(), digest_size=8).hexdigest()}"
