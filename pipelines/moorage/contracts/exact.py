"""Compare exactly: polars rounds an integer for a float, and a time to the coarser unit; we do not. Pure.

Integers, dates, times and durations are compared as integers in the column's own unit, with bounds that may lie
between two of them.
"""

import math
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from moorage.contracts.compiled import FLOATS, INTEGERS, Value

Number = int | float | Fraction
"""A bound in the column's own unit."""

_PER_MICROSECOND = {"ns": Fraction(1000), "us": Fraction(1), "ms": Fraction(1, 1000)}
_BEYOND = 2**66
"""Farther out than any integer that a column holds."""


def as_number(value: Value, dtype: str, unit: str | None) -> Number:
    """Return a number or a time as a number in the unit of a column: days for a date, ns, us or ms for a time."""
    if isinstance(value, datetime):
        start = datetime(1970, 1, 1, tzinfo=UTC if value.tzinfo else None)
        value = value - start
    if isinstance(value, timedelta):
        return (value // timedelta(microseconds=1)) * _PER_MICROSECOND[unit or "us"]
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return _as_float(value) if dtype in FLOATS else value


def floor(number: Number) -> int:
    """Return the greatest integer that is not above `number`, kept where polars can hold it."""
    return math.floor(_kept(number))


def ceil(number: Number) -> int:
    """Return the least integer that is not below `number`, kept where polars can hold it."""
    return math.ceil(_kept(number))


def limits(dtype: str) -> tuple[int, int]:
    """Return the least and the greatest value of an integer type; of a date's or a time's integers otherwise."""
    if dtype not in INTEGERS:
        return limits("int32" if dtype == "date" else "int64")
    bits = int(dtype.lstrip("uint"))
    return (0, 2**bits - 1) if dtype.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def integers(numbers: tuple[Number, ...], dtype: str) -> list[int]:
    """Return those of `numbers` that a column of integers can hold at all."""
    low, high = limits(dtype)
    return [int(number) for number in numbers if math.isfinite(number) and number % 1 == 0 and low <= number <= high]


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _kept(number: Number) -> Number:
    return max(-_BEYOND, min(number, _BEYOND))
