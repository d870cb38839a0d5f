"""Checks as polars expressions: true where a value satisfies the check, null where there is none."""

from collections.abc import Callable
from typing import Any

from moorage.contracts.compiled import FLOATS, Check, Value
from moorage.contracts.dtypes import family, from_polars, to_polars
from moorage.contracts.exact import Number, as_number, ceil, floor, integers

_TIMES = ("date", "datetime", "duration")


def holds(check: Check, value: Any, dtype: Any) -> Any:
    """Return the expression for the values of a column of this polars type, which the check must fit."""
    if check.kind == "in_range":
        low, high, include_low, include_high = check.arguments
        above = Check.of("ge" if include_low else "gt", low)
        below = Check.of("le" if include_high else "lt", high)
        return holds(above, value, dtype) & holds(below, value, dtype)
    ours, _ = from_polars(dtype)
    match family(ours):
        case "string":
            return _of_text(check, value)
        case "number" | "date" | "datetime" | "duration":
            physical = value.to_physical() if ours in _TIMES else value
            return _of_numbers(check, physical, ours, getattr(dtype, "time_unit", None))
    return _compare(check, value, check.arguments)


def whole(pattern: str) -> str:
    r"""Return the pattern that matches the whole text: `\A` and `\z` hold whatever flags it sets."""
    return rf"\A(?:{pattern})\z"


def _of_text(check: Check, value: Any) -> Any:
    import polars as pl

    text = value.cast(pl.String)
    judge = _TEXT.get(check.kind)
    return judge(text, *check.arguments) if judge else _compare(check, text, check.arguments)


def _of_numbers(check: Check, value: Any, dtype: str, unit: str | None) -> Any:
    numbers = tuple(as_number(each, dtype, unit) for each in check.arguments if each is not None)
    if dtype in FLOATS:
        return _compare(check, value, numbers, _physical(dtype))
    if check.kind in ("gt", "ge", "lt", "le"):
        # Between two integers a bound is as good as the next one on its far side.
        return _compare(check, value, (floor(numbers[0]) if check.kind in ("gt", "le") else ceil(numbers[0]),))
    return _compare(check, value, tuple(integers(numbers, dtype)), _physical(dtype))


def _physical(dtype: str) -> Any:
    return to_polars({"date": "int32", "datetime": "int64", "duration": "int64"}.get(dtype, dtype), None)


def _compare(check: Check, value: Any, operands: tuple[Value | Number | None, ...], dtype: Any = None) -> Any:
    import polars as pl

    if check.kind in ("eq", "isin", "ne", "notin"):
        found = value.is_in(pl.Series(operands, dtype=dtype).implode())
        return found if check.kind in ("eq", "isin") else ~found
    return _ORDER[check.kind](value, operands[0])


def _length(text: Any, low: int | None, high: int | None) -> Any:
    import polars as pl

    length = text.str.len_chars().cast(pl.Int64)
    return length.is_between(0 if low is None else low, 2**62 if high is None else high)


_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "gt": lambda value, bound: value > bound,
    "ge": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "le": lambda value, bound: value <= bound,
}
_TEXT: dict[str, Callable[..., Any]] = {
    "str_matches": lambda text, pattern: text.str.contains(whole(pattern)),
    "str_contains": lambda text, pattern: text.str.contains(pattern),
    "str_startswith": lambda text, start: text.str.starts_with(start),
    "str_endswith": lambda text, end: text.str.ends_with(end),
    "str_length": _length,
}
