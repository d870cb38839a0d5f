"""The rules of a contract as polars expressions: true where a row breaks the rule, false or null elsewhere."""

from dataclasses import dataclass
from typing import Any

from moorage.contracts.compiled import FLOATS, Column, Contract
from moorage.contracts.dtypes import can_check, from_polars
from moorage.contracts.holds import holds


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
    ours, zone = from_polars(dtype)
    missing = present(column.name, dtype, column.allow_nan).is_null()
    found = [] if column.nullable else [Rule(column.name, "not null", missing)]
    # NaN breaks no comparison, allowed or not: where it must not be, the rule "not null" says so.
    value = present(column.name, dtype, allow_nan=False)
    checks = [check for check in column.checks if can_check(check, ours, zone)]
    return found + [Rule(column.name, check.name, ~holds(check, value, dtype)) for check in checks]
