"""A contract's columns as a pydantic-core schema of one JSON record."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from moorage.contracts.compiled import FLOATS, INTEGERS, Check, Column, Contract
from moorage.contracts.exact import as_number, limits
from moorage.contracts.holds import whole
from moorage.errors import SpecError

_LARGEST_FLOAT32 = 3.4028234663852886e38
_DATE = r"\A\d{4}-\d\d-\d\d\z"
_DATETIME = r"\A\d{4}-\d\d-\d\d[T ]\d\d:"
_DURATION = r"\A[+-]?P"


def record_schema(contract: Contract) -> CoreSchema:
    """Return the schema of one record; SpecError for a column whose type no JSON value has."""
    fields = {
        column.name: core_schema.typed_dict_field(_column(column), required=column.required)
        for column in contract.columns
    }
    return core_schema.typed_dict_schema(fields, extra_behavior="forbid" if contract.strict else "ignore")


def _column(column: Column) -> CoreSchema:
    bounds, checks = fold(column)
    schema = _type(column, bounds)
    if checks:
        schema = core_schema.chain_schema([schema, *(_check(check) for check in checks)])
    return core_schema.nullable_schema(schema) if column.nullable else schema


def _type(column: Column, bounds: Mapping[str, Any]) -> CoreSchema:
    if column.dtype in INTEGERS:
        return core_schema.int_schema(strict=True, **bounds)
    if column.dtype in FLOATS:
        return core_schema.float_schema(strict=True, allow_inf_nan=False, **bounds)
    return _other_type(column)


def fold(column: Column) -> tuple[dict[str, Any], list[Check]]:
    """Return the bounds that pydantic judges itself, those of the type among them, and the checks that are left.

    A bound in the number's own schema costs nothing; a check in Python costs about half a microsecond.
    """
    bounds = _limits(column.dtype)
    if not bounds and column.dtype != "float64":
        return {}, list(column.checks)
    left = []
    for check in column.checks:
        added = _as_bounds(check, column.dtype)
        if added is None or any(kind in bounds and not _tighter(kind, bounds[kind], added[kind]) for kind in added):
            left.append(check)
        else:
            bounds |= added
    return bounds, left


def _limits(dtype: str) -> dict[str, Any]:
    if dtype in INTEGERS:
        low, high = limits(dtype)
        return {"ge": low, "le": high}
    return {"ge": -_LARGEST_FLOAT32, "le": _LARGEST_FLOAT32} if dtype == "float32" else {}


def _as_bounds(check: Check, dtype: str) -> dict[str, Any] | None:
    values = check.arguments[:2]
    if check.kind not in ("ge", "gt", "le", "lt", "in_range"):
        return None
    # An integer's bounds must be integers, for pydantic.
    if dtype in INTEGERS and not all(isinstance(value, int) for value in values):
        return None
    bounds = [as_number(value, dtype, None) for value in values if value is not None]
    if check.kind != "in_range":
        return {check.kind: bounds[0]}
    _, _, include_low, include_high = check.arguments
    return {"ge" if include_low else "gt": bounds[0], "le" if include_high else "lt": bounds[1]}


def _tighter(kind: str, old: Any, new: Any) -> bool:
    return bool(new >= old if kind in ("ge", "gt") else new <= old)


def _other_type(column: Column) -> CoreSchema:
    zone: Literal["naive", "aware"] = "naive" if column.zone is None else "aware"
    text = core_schema.str_schema(strict=True)
    match column.dtype:
        case "bool":
            return core_schema.bool_schema(strict=True)
        case "string":
            return text
        case "date":
            return _parsed(_DATE, core_schema.date_schema(), "must be a date such as '2026-11-21'")
        case "datetime":
            example = "2026-11-21T06:30:00" + ("Z" if column.zone else "")
            return _parsed(
                _DATETIME, core_schema.datetime_schema(tz_constraint=zone), f"must be a time such as '{example}'"
            )
        case "duration":
            return _parsed(_DURATION, core_schema.timedelta_schema(), "must be a duration such as 'PT90S'")
        case "any":
            number = core_schema.float_schema(strict=True, allow_inf_nan=False)
            choices: list[CoreSchema | tuple[CoreSchema, str]] = [
                core_schema.bool_schema(strict=True),
                core_schema.int_schema(strict=True),
                number,
                text,
            ]
            return _named(core_schema.union_schema(choices), "must be a number, a text, true or false")
    raise SpecError(
        f"column {column.name!r} is {column.dtype}, which a JSON record cannot hold",
        fix="leave the column out of the model's input, or give it a plain type",
    )


def _parsed(pattern: str, schema: CoreSchema, message: str) -> CoreSchema:
    # The pattern keeps out numbers in quotes, which pydantic reads as seconds since 1970.
    return _named(core_schema.chain_schema([core_schema.str_schema(strict=True, pattern=pattern), schema]), message)


def _named(schema: CoreSchema, message: str) -> CoreSchema:
    return core_schema.custom_error_schema(
        schema, custom_error_type="type", custom_error_message="{message}", custom_error_context={"message": message}
    )


def _check(check: Check) -> CoreSchema:
    message = f"must satisfy {check.name}"
    if check.kind in ("str_matches", "str_contains"):
        pattern = str(check.arguments[0])
        return _named(
            core_schema.str_schema(pattern=whole(pattern) if check.kind == "str_matches" else pattern), message
        )
    holds = _HOLDS[check.kind](*check.arguments)

    def judge(value: Any) -> Any:
        if holds(value):
            return value
        raise PydanticCustomError("check", "{message}", {"message": message})

    return core_schema.no_info_plain_validator_function(judge)


def _in_range(low: Any, high: Any, include_low: bool, include_high: bool) -> Callable[[Any], bool]:
    if include_low and include_high:
        return lambda value: low <= value <= high
    if include_low:
        return lambda value: low <= value < high
    if include_high:
        return lambda value: low < value <= high
    return lambda value: low < value < high


def _length(low: int | None, high: int | None) -> Callable[[Any], bool]:
    least, most = low or 0, float("inf") if high is None else high
    return lambda value: least <= len(value) <= most


def _isin(*allowed: Any) -> Callable[[Any], bool]:
    return frozenset(allowed).__contains__


def _notin(*forbidden: Any) -> Callable[[Any], bool]:
    barred = frozenset(forbidden)
    return lambda value: value not in barred


_HOLDS: dict[str, Callable[..., Callable[[Any], bool]]] = {
    "eq": lambda other: lambda value: bool(value == other),
    "ne": lambda other: lambda value: bool(value != other),
    "gt": lambda bound: lambda value: bool(value > bound),
    "ge": lambda bound: lambda value: bool(value >= bound),
    "lt": lambda bound: lambda value: bool(value < bound),
    "le": lambda bound: lambda value: bool(value <= bound),
    "in_range": _in_range,
    "isin": _isin,
    "notin": _notin,
    "str_startswith": lambda text: lambda value: bool(value.startswith(text)),
    "str_endswith": lambda text: lambda value: bool(value.endswith(text)),
    "str_length": _length,
}
