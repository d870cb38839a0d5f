"""How far a table has moved from a reference: the population stability index of each column, noise taken off. Pure.

PSI = sum over bins of (q - p) ln(q / p), natural logarithm, p the reference's share and q the current one's.
Under no drift it is about chi-squared with B - 1 degrees of freedom times (1/n_ref + 1/n_cur) (Yurdakul and
Naranjo, 2020): that mean is subtracted, so that what is left does not depend on the sizes of the samples.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from moorage.contracts.bins import Bin, bins_of
from moorage.contracts.profile import ColumnProfile, Profile

LEAST_ROWS = 1000
"""With fewer rows on either side drift is reported and never judged."""


@dataclass(frozen=True)
class ColumnDrift:
    """One column's drift: `value` is PSI less `noise`, at least 0; `bins` show where it comes from."""

    name: str
    metric: str
    psi: float
    noise: float
    value: float
    n_ref: int
    n_cur: int
    bins: tuple[Bin, ...]

    def term(self, number: int) -> float:
        """Return what bin `number` adds to `psi`."""
        return _terms(self.bins)[number]


@dataclass(frozen=True)
class Drift:
    """The drift of a table: its columns, the largest first. Not `judgeable` with under 1,000 rows on a side."""

    columns: tuple[ColumnDrift, ...]
    n_ref: int
    n_cur: int

    @property
    def judgeable(self) -> bool:
        """Whether a gate may fail on it."""
        return min(self.n_ref, self.n_cur) >= LEAST_ROWS

    @property
    def value(self) -> float:
        """The drift of the column that drifted most; 0.0 without columns."""
        return self.columns[0].value if self.columns else 0.0

    @property
    def column(self) -> str | None:
        """The name of that column."""
        return self.columns[0].name if self.columns else None

    @property
    def metric(self) -> str | None:
        """How that column was measured."""
        return self.columns[0].metric if self.columns else None


def drift(reference: Profile, current: Profile) -> Drift:
    """Return the drift of every column that either profile has.

    Numbers and times are binned by the reference's deciles, categories by the reference's values, with bins
    for new values and missing cells. A column that came, went or changed its kind has moved wholly.
    """
    names = dict.fromkeys(column.name for column in (*reference.columns, *current.columns))
    found = [_column(name, reference, current) for name in names]
    ranked = sorted(found, key=lambda each: (-each.value, each.name))
    return Drift(tuple(ranked), reference.rows, current.rows)


def _column(name: str, reference: Profile, current: Profile) -> ColumnDrift:
    before, after = reference.column(name), current.column(name)
    bins = _compared(before, after) or _moved(reference.rows, current.rows)
    psi = sum(_terms(bins))
    noise = _noise(bins)
    value = max(0.0, psi - noise)
    return ColumnDrift(name, f"PSI of {len(bins)} bins", psi, noise, value, reference.rows, current.rows, bins)


def _compared(before: ColumnProfile | None, after: ColumnProfile | None) -> tuple[Bin, ...]:
    if before is None or after is None or before.kind != after.kind:
        return ()
    return bins_of(before, after)


def _moved(n_ref: int, n_cur: int) -> tuple[Bin, ...]:
    return Bin("as in the reference", n_ref, 0), Bin("changed, new or gone", 0, n_cur)


def _terms(bins: Sequence[Bin]) -> list[float]:
    # Half a row in every bin: no share is 0, and the logarithm is finite.
    n_ref = sum(each.reference + 0.5 for each in bins)
    n_cur = sum(each.current + 0.5 for each in bins)
    shares = [((each.reference + 0.5) / n_ref, (each.current + 0.5) / n_cur) for each in bins]
    return [(q - p) * math.log(q / p) for p, q in shares]


def _noise(bins: Sequence[Bin]) -> float:
    n_ref, n_cur = sum(each.reference for each in bins), sum(each.current for each in bins)
    if not n_ref or not n_cur:
        return 0.0
    return (len(bins) - 1) * (1 / n_ref + 1 / n_cur)
