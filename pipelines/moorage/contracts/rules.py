"""The rules of a contract as polars expressions: true where a row breaks the rule, false or null elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moorage.contracts.compiled import FLOATS, Check, Column, Contract, Value
from moorage.contracts.dtypes import can_check, from_polars


@dataclass(frozen=True)
class Rule:
    """One check of one column on rows: `breaks` is an expression, `column` the polars name."""

    column: str
    check: str
    breaks: Any


def row_rules(contract: Contract, schema: dict[str, Any]) -> list[Rule]:
    """Return the rules that can be judged row by row, for the columns that the table has."""
    found: list[Rule] = []
    for column in contract.columns:
        if column.name in schema:
            found += _column_rules(column, schema[column.name])
    return found


def present(name: str, dtype: Any, allow_nan: bool) -> Any:
    """Return the expression of a column's values, in which what counts as missing is null."""
    import polars as pl

    ours, _ = from_polars(dtype)
    value = pl.col(name)
    if ours in FLOATS and not allow_nan:
        return value.fill_nan(None)
    return value


def _column_rules(column: Column, dtype: Any) -> list[Rule]:
    import polars as pl

    ours, zone = from_polars(dtype)
    found = [Rule(column.name, "not null", present(column.name, dtype, column.allow_nan).is_null())]
    if column.nullable:
        found = []
    # NaN breaks no comparison, allowed or not: where it must not be, the rule "not null" says so.
    value = present(column.name, dtype, allow_nan=False)
    value = value.cast(pl.String) if ours == "string" else value
    checks = [check for check in column.checks if can_check(check, ours, zone)]
    return found + [Rule(column.name, check.name, ~holds(check, value)) for check in checks]


def holds(check: Check, value: Any) -> Any:
    """Return the expression that is true where `value` satisfies the check, null where it is null."""
    return _HOLDS[check.kind](value, *check.arguments)


def _in_range(value: Any, low: Value, high: Value, include_low: bool, include_high: bool) -> Any:
    above = value >= low if include_low else value > low
    return above & (value <= high if include_high else value < high)


def _length(value: Any, low: int | None, high: int | None) -> Any:
    import polars as pl

    length = value.str.len_chars().cast(pl.Int64)
    return length.is_between(0 if low is None else low, 2**62 if high is None else high)


def _isin(value: Any, *allowed: Value) -> Any:
    return value.is_in(list(allowed))


def whole(pattern: str) -> str:
    r"""Return the pattern that matches the whole text: `\A` and `\z` hold whatever flags it sets."""
    return rf"\A(?:{pattern})\z"


_HOLDS: dict[str, Callable[..., Any]] = {
    "eq": lambda value, other: value == other,
    "ne": lambda value, other: value != other,
    "gt": lambda value, bound: value > bound,
    "ge": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "le": lambda value, bound: value <= bound,
    "in_range": _in_range,
    "isin": _isin,
    "notin": lambda value, *others: ~_isin(value, *others),
    "str_matches": lambda value, pattern: value.str.contains(whole(pattern)),
    "str_contains": lambda value, pattern: value.str.contains(pattern),
    "str_startswith": lambda value, text: value.str.starts_with(text),
    "str_endswith": lambda value, text: value.str.ends_with(text),
    "str_length": _length,
}
