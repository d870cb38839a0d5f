"""A compiled contract: what a table or a record must satisfy, as plain data.

Free of pydantic, polars and pandera: the driver and every step read this.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from moorage.errors import SpecError

SCHEMA = 1
"""The version of the JSON form; a reader refuses one that is newer than itself."""

Value = bool | int | float | str | date | datetime | timedelta
"""What a check compares a cell with."""

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float32", "float64")
DTYPES = (*INTEGERS, *FLOATS, "bool", "string", "date", "datetime", "duration", "any")
"""Our own types. A column may name another one in polars' words, `List(Int64)`, which must then be equal."""


@dataclass(frozen=True)
class Check:
    """One rule for the values of a column; a missing value never breaks it.

    `kind` and `arguments`: eq, ne, gt, ge, lt, le (value); in_range (min, max, include_min, include_max);
    isin, notin (values); str_matches (pattern, the whole text), str_contains (pattern, anywhere);
    str_startswith, str_endswith (text); str_length (min or None, max or None, in characters).
    """

    kind: str
    arguments: tuple[Value | None, ...]
    name: str

    @classmethod
    def of(cls, kind: str, *arguments: Value | None) -> "Check":
        """Return the check with the name that reports show."""
        return cls(kind, arguments, _name(kind, arguments))


@dataclass(frozen=True)
class Column:
    """What one column must be: `zone` is the time zone of a datetime, None for one without.

    NaN is a missing value unless `allow_nan`; `coerce` also takes a narrower number, such as an integer
    for a float. A column that is not `required` may be absent.
    """

    name: str
    dtype: str = "any"
    zone: str | None = None
    nullable: bool = False
    required: bool = True
    unique: bool = False
    allow_nan: bool = False
    coerce: bool = False
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Contract:
    """What a table must satisfy. Rows are checked one by one; `unique` and `min_rows` need the whole table.

    `custom` names what cannot be compiled and runs through pandera. Only then does the contract depend on
    the code around it: `source` and `pandera` are its digest and pandera's version, else empty.
    """

    name: str
    reference: str
    columns: tuple[Column, ...]
    strict: bool = False
    ordered: bool = False
    unique: tuple[tuple[str, ...], ...] = ()
    min_rows: int = 1
    custom: tuple[str, ...] = ()
    source: str = ""
    pandera: str = ""

    def without(self, names: tuple[str, ...]) -> "Contract":
        """Return the contract that leaves out the columns of these names, for example a label."""
        kept = tuple(column for column in self.columns if column.name not in names)
        unique = tuple(group for group in self.unique if not set(group) & set(names))
        return replace(self, columns=kept, unique=unique)


def contract_to_json(contract: Contract) -> bytes:
    """Return the contract as UTF-8 JSON; equal contracts are equal bytes."""
    body = {"schema": SCHEMA, "contract": _plain(asdict(contract))}
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def contract_from_json(data: bytes | str) -> Contract:
    """Return the contract that `contract_to_json` wrote; SpecError for anything else."""
    try:
        body = json.loads(data)
        schema = int(body["schema"])
        if schema <= SCHEMA:
            return _contract(_values(body["contract"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SpecError(
            f"this is not a compiled contract ({type(error).__name__}: {error})",
            fix="compile it again from its pandera schema",
        ) from error
    raise SpecError(
        f"the compiled contract has schema {schema}, this moorage reads up to {SCHEMA}",
        fix="pip install --upgrade moorage",
    )


def _contract(body: dict[str, Any]) -> Contract:
    columns = tuple(_column(column) for column in body.pop("columns"))
    unique = tuple(tuple(group) for group in body.pop("unique"))
    return Contract(columns=columns, unique=unique, custom=tuple(body.pop("custom")), **body)


def _column(body: dict[str, Any]) -> Column:
    checks = tuple(Check(item["kind"], tuple(item["arguments"]), item["name"]) for item in body.pop("checks"))
    return Column(checks=checks, **body)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, timedelta):
        return {"microseconds": value // timedelta(microseconds=1)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return value


_READERS: dict[str, Callable[[Any], Value]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "microseconds": lambda count: timedelta(microseconds=count),
    "float": float,
}


def _values(value: Any) -> Any:
    if isinstance(value, list):
        return [_values(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (key := next(iter(value))) in _READERS:
        return _READERS[key](value[key])
    return {key: _values(item) for key, item in value.items()}


def _name(kind: str, arguments: tuple[Value | None, ...]) -> str:
    if kind in ("isin", "notin"):
        return f"{kind}({_several(arguments)})"
    if kind == "in_range":
        low, high, include_low, include_high = arguments
        excluded = [side for side, kept in (("min", include_low), ("max", include_high)) if not kept]
        return f"in_range({low}, {high}{', without ' + ' and '.join(excluded) if excluded else ''})"
    if kind == "str_length":
        low, high = arguments
        return f"str_length({'' if low is None else low}..{'' if high is None else high})"
    return f"{kind}({arguments[0]})"


def _several(arguments: tuple[Value | None, ...]) -> str:
    shown = ", ".join(str(item) for item in arguments)
    return shown if len(shown) <= 40 else f"{len(arguments)} values"
