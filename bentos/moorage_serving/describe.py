"""The contract of a service as others read it: a JSON Schema, and a record that satisfies it."""

import math
from collections.abc import Callable
from typing import Any

from moorage.contracts.compiled import FLOATS, INTEGERS, Check, Column, Contract

Json = dict[str, Any]
"""A JSON object."""


def json_schema(contract: Contract, title: str) -> Json:
    """Return the JSON Schema (2020-12) of one record.

    What it cannot say is listed in words: under `x-also`, and under `x-not-checked` what no request is held to.
    """
    schema: Json = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": {column.name: column_schema(column) for column in contract.columns},
        "required": [column.name for column in contract.columns if column.required],
        "additionalProperties": not contract.strict,
    }
    return schema | ({"x-not-checked": list(contract.custom)} if contract.custom else {})


def column_schema(column: Column) -> Json:
    """Return the JSON Schema of one column."""
    schema: Json = {}
    for check in column.checks:
        if check.kind in _SAID and all(map(_is_plain, check.arguments)):
            schema |= _SAID[check.kind](check)
        else:
            schema["x-also"] = [*schema.get("x-also", ()), check.name]
    if column.dtype in _TYPES:
        schema |= _TYPES[column.dtype]
    if column.nullable:
        schema |= {"type": [schema["type"], "null"]} if "type" in schema else {}
        schema |= {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema


def example_record(contract: Contract) -> Json | None:
    """Return a record with a value in the middle of what each column allows; None where one cannot be told."""
    values = {column.name: _example(column_schema(column)) for column in contract.columns}
    return None if any(value is None for value in values.values()) else values


_TYPES: dict[str, Json] = {
    **{key: {"type": "integer"} for key in INTEGERS},
    **{key: {"type": "number"} for key in FLOATS},
    "bool": {"type": "boolean"},
    "string": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "duration": {"type": "string", "format": "duration"},
}


def _is_plain(value: object) -> bool:
    # A bound of a date is no bound of a JSON string, and infinity is no JSON number.
    return value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))


def _in_range(check: Check) -> Json:
    low, high, include_low, include_high = check.arguments
    return {
        "minimum" if include_low else "exclusiveMinimum": low,
        "maximum" if include_high else "exclusiveMaximum": high,
    }


def _length(check: Check) -> Json:
    low, high = check.arguments
    return {name: value for name, value in (("minLength", low), ("maxLength", high)) if value is not None}


_SAID: dict[str, Callable[[Check], Json]] = {
    "eq": lambda check: {"const": check.arguments[0]},
    "gt": lambda check: {"exclusiveMinimum": check.arguments[0]},
    "ge": lambda check: {"minimum": check.arguments[0]},
    "lt": lambda check: {"exclusiveMaximum": check.arguments[0]},
    "le": lambda check: {"maximum": check.arguments[0]},
    "in_range": _in_range,
    "isin": lambda check: {"enum": list(check.arguments)},
    "str_matches": lambda check: {"pattern": f"^(?:{check.arguments[0]})$"},
    "str_contains": lambda check: {"pattern": check.arguments[0]},
    "str_length": _length,
}


def _example(schema: Json) -> object:
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if {"pattern", "x-also", "format"} & set(schema):
        return None
    kinds = schema.get("type", ())
    if "boolean" in kinds:
        return False
    if "string" in kinds:
        return "x" * schema.get("minLength", 1)
    return _middle(schema, whole="integer" in kinds) if "integer" in kinds or "number" in kinds else None


def _middle(schema: Json, whole: bool) -> int | float:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None or high is None:
        known = low if low is not None else high
        value = 1 if known is None else known + (1 if low is not None else -1)
    else:
        value = (low + high) / 2
    return int(value) if whole else round(float(value), 6)
