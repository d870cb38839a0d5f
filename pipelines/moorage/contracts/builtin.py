"""pandera's built-in checks as ours; runs where pandera and polars are already imported."""

from collections.abc import Sequence
from typing import Any

from moorage.contracts.compiled import Check, Value
from moorage.contracts.holds import whole

_KINDS = {
    "equal_to": ("eq", ("value",)),
    "not_equal_to": ("ne", ("value",)),
    "greater_than": ("gt", ("min_value",)),
    "greater_than_or_equal_to": ("ge", ("min_value",)),
    "less_than": ("lt", ("max_value",)),
    "less_than_or_equal_to": ("le", ("max_value",)),
    "in_range": ("in_range", ("min_value", "max_value", "include_min", "include_max")),
    "str_matches": ("str_matches", ("pattern",)),
    "str_contains": ("str_contains", ("pattern",)),
    "str_startswith": ("str_startswith", ("string",)),
    "str_endswith": ("str_endswith", ("string",)),
}
_LISTS = {"isin": "allowed_values", "notin": "forbidden_values"}
_CELLS = (bool, int, float, str)


def compiled_check(check: Any) -> Check | str:
    """Return our form of a pandera check, or the reason why there is none."""
    from pandera.api.function_dispatch import Dispatcher

    # A user's function may bear any name: only pandera's own are dispatchers.
    if not isinstance(check._check_fn, Dispatcher):
        return "a function of yours"
    if not check.ignore_na:
        return "ignore_na=False: nulls are values here"
    if check.groupby is not None:
        return "it groups rows"
    return _of_name(str(check._check_fn), check.statistics or {})


def _of_name(name: str, said: dict[str, Any]) -> Check | str:
    if name == "str_length":
        exact = said.get("exact_value")
        low, high = (exact, exact) if exact is not None else (said.get("min_value"), said.get("max_value"))
        return Check.of("str_length", low, high)
    if name in _LISTS:
        return _list(name, said.get(_LISTS[name], ()))
    if name not in _KINDS:
        return f"{name} has no compiled form"
    kind, words = _KINDS[name]
    values = [_value(said[word]) for word in words]
    if any(value is None for value in values):
        return "its arguments are no plain values"
    return _checked_pattern(Check.of(kind, *values))


def _list(kind: str, items: Sequence[Any]) -> Check | str:
    values = [_value(item) for item in items if item is not None]
    if not values or any(value is None for value in values):
        return "its values are no plain values"
    unique = {(type(value).__name__, value): value for value in values if value is not None}
    return Check.of(kind, *(unique[key] for key in sorted(unique)))


def _value(value: Any) -> Value | None:
    from datetime import date, datetime, timedelta

    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    elif hasattr(value, "to_pytimedelta"):
        value = value.to_pytimedelta()
    elif hasattr(value, "item"):
        value = value.item()
    elif hasattr(value, "pattern") and not value.flags & ~32:
        value = value.pattern
    if isinstance(value, float) and value != value:
        return None
    return value if isinstance(value, (*_CELLS, date, datetime, timedelta)) else None


def _checked_pattern(check: Check) -> Check | str:
    import polars as pl

    if check.kind not in ("str_matches", "str_contains"):
        return check
    pattern = str(check.arguments[0])
    try:
        pl.Series([""]).str.contains(whole(pattern) if check.kind == "str_matches" else pattern)
    except pl.exceptions.ComputeError:
        return "its pattern is beyond the Rust subset of regular expressions"
    return check
