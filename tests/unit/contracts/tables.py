"""Small tables and contracts that several tests here need."""

from pathlib import Path
from typing import Any

import polars as pl

from moorage.contracts.compiled import Check, Column, Contract
from moorage.contracts.table import check_table


def contract(*columns: Column, **settings: Any) -> Contract:
    """Return a contract called Rows over these columns."""
    return Contract("Rows", "rows:Rows", columns, **settings)


def write(path: Path, **columns: Any) -> Path:
    """Write a Parquet table; a column is a list, or a polars Series when its type matters."""
    pl.DataFrame(columns).write_parquet(path)
    return path


def broken(path: Path, asked: Contract) -> dict[tuple[str | None, str], int]:
    """Return how many rows break which check, for the checks that do not hold."""
    return {(item.column, item.check): item.failed for item in check_table(path, asked, "rows") if item.failed}


AGE = Column("age", "int64", checks=(Check.of("in_range", 18, 120, True, True),))
