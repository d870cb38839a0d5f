"""Column types in our own words, whatever engine holds the data. Pure, but for what is passed in."""

from typing import Any

from moorage.contracts.compiled import FLOATS, INTEGERS, Check, Column, Value

_PLAIN = {
    "Boolean": "bool",
    "String": "string",
    "Categorical": "string",
    "Enum": "string",
    "Date": "date",
    "Datetime": "datetime",
    "Duration": "duration",
    **{name.capitalize().replace("Ui", "UI"): name for name in (*INTEGERS, *FLOATS)},
}
_WIDER = {
    "int16": ("int8", "uint8"),
    "int32": ("int8", "int16", "uint8", "uint16"),
    "int64": ("int8", "int16", "int32", "uint8", "uint16", "uint32"),
    "uint16": ("uint8",),
    "uint32": ("uint8", "uint16"),
    "uint64": ("uint8", "uint16", "uint32"),
    "float32": INTEGERS,
    "float64": ("float32", *INTEGERS),
}
_TEXT_CHECKS = ("str_matches", "str_contains", "str_startswith", "str_endswith", "str_length")


def from_polars(dtype: Any) -> tuple[str, str | None]:
    """Return our word for a polars type, and its time zone; polars' own text where we have no word."""
    base = dtype.base_type().__name__
    return _PLAIN.get(base, str(dtype)), getattr(dtype, "time_zone", None)


def to_polars(dtype: str, zone: str | None) -> Any:
    """Return the polars type of one of our words; None for `any` and for polars' own texts."""
    import polars as pl

    if dtype == "datetime":
        return pl.Datetime("us", zone)
    names = {ours: theirs for theirs, ours in _PLAIN.items() if theirs not in ("Categorical", "Enum")}
    return getattr(pl, names[dtype]) if dtype in names else None


def is_taken(column: Column, dtype: str, zone: str | None) -> bool:
    """Return whether `column` takes data of this type."""
    if column.dtype == "any":
        return True
    if column.coerce and dtype in _WIDER.get(column.dtype, ()):
        return True
    return (column.dtype, column.zone) == (dtype, zone)


def family(dtype: str) -> str:
    """Return `number`, `bool`, `string`, `date`, `datetime`, `duration`, or the type itself."""
    return "number" if dtype in INTEGERS or dtype in FLOATS else dtype


def can_check(check: Check, dtype: str, zone: str | None) -> bool:
    """Return whether the check means something for data of this type."""
    if check.kind in _TEXT_CHECKS:
        return dtype == "string"
    values = check.arguments[:2] if check.kind == "in_range" else check.arguments
    return all(_is_comparable(value, family(dtype), zone) for value in values)


def _is_comparable(value: Value | None, kind: str, zone: str | None) -> bool:
    match value:
        case bool():
            return kind == "bool"
        case int() | float():
            return kind == "number"
        case str():
            return kind == "string"
    # A datetime is a date too, for Python; and one with a zone compares with none without.
    known = {"datetime": "datetime", "date": "date", "timedelta": "duration"}
    same_zone = kind != "datetime" or (getattr(value, "tzinfo", None) is None) == (zone is None)
    return known.get(type(value).__name__) == kind and same_zone


def described(dtype: str, zone: str | None) -> str:
    """Return the type as people read it: `datetime in UTC`."""
    return f"{dtype} in {zone}" if zone else dtype
