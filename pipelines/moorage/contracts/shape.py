"""What is wrong with a table's columns before any row is read: missing, unexpected, mistyped, out of order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moorage.contracts.compiled import Check, Column, Contract
from moorage.contracts.dtypes import can_check, described, from_polars, is_taken


@dataclass(frozen=True)
class Finding:
    """One check of the columns: `seen` is empty when it holds, else what was seen instead."""

    column: str | None
    check: str
    seen: str = ""


def findings(contract: Contract, schema: Mapping[str, Any]) -> list[Finding]:
    """Return every check of the columns, those that hold too; of a mistyped column, only that it is."""
    found = [finding for column in contract.columns for finding in _of_column(column, schema)]
    if contract.strict:
        found += _unexpected(contract, schema)
    if contract.ordered:
        found.append(_order(contract, schema))
    return found


def _of_column(column: Column, schema: Mapping[str, Any]) -> list[Finding]:
    if column.name not in schema:
        seen = f"the table has {_listed(list(schema))}" if column.required else ""
        return [Finding(column.name, "is there", seen)]
    dtype, zone = from_polars(schema[column.name])
    found = [] if column.dtype == "any" else [_type(column, dtype, zone)]
    if any(item.seen for item in found):
        return found  # that its checks cannot judge it follows
    return found + [_meaningless(column, check, dtype) for check in column.checks if not can_check(check, dtype, zone)]


def _type(column: Column, dtype: str, zone: str | None) -> Finding:
    seen = "" if is_taken(column, dtype, zone) else described(dtype, zone)
    return Finding(column.name, f"is {described(column.dtype, column.zone)}", seen)


def _meaningless(column: Column, check: Check, dtype: str) -> Finding:
    return Finding(column.name, check.name, f"the column is {dtype}, which it cannot judge")


def _unexpected(contract: Contract, schema: Mapping[str, Any]) -> list[Finding]:
    known = {column.name for column in contract.columns}
    extra = [name for name in schema if name not in known]
    return [Finding(name, "no other column", "it is not in the contract") for name in extra] or [
        Finding(None, "no other column")
    ]


def _order(contract: Contract, schema: Mapping[str, Any]) -> Finding:
    wanted = [column.name for column in contract.columns if column.name in schema]
    known = set(wanted)
    seen = [name for name in schema if name in known]
    return Finding(None, "columns in order", "" if seen == wanted else _listed(seen))


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:12])
    return f"{shown} and {len(names) - 12} more" if len(names) > 12 else shown or "no column"
