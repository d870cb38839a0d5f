"""Bounds hold to the last digit, whatever the engine would round."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.contracts.compiled import Check, Column
from tests.unit.contracts.tables import broken, contract

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
BEYOND = 2**53


@pytest.mark.parametrize(
    ("dtype", "cell", "check", "keeps"),
    [
        (pl.Int64, BEYOND + 1, Check.of("le", float(BEYOND)), False),
        (pl.Int64, BEYOND + 1, Check.of("isin", float(BEYOND)), False),
        (pl.Int64, BEYOND, Check.of("isin", float(BEYOND)), True),
        (pl.Int64, 1, Check.of("gt", 0.5), True),
        (pl.Int64, 1, Check.of("in_range", 0.5, 1.0, True, False), False),
        (pl.Int64, 1, Check.of("eq", 1.5), False),
        (pl.Int64, 1, Check.of("ne", 1.5), True),
        (pl.Int64, -(2**63), Check.of("gt", -math.inf), True),
        (pl.Int64, 2**63 - 1, Check.of("lt", 10**400), True),
        (pl.Int8, 5, Check.of("isin", 5, 300, 10**30), True),
        (pl.Int8, 5, Check.of("le", 300), True),
        (pl.UInt64, 2**64 - 1, Check.of("gt", -1), True),
        (pl.UInt64, 2**64 - 1, Check.of("isin", 2**64 - 1, -1), True),
        (pl.Float64, 1.0, Check.of("isin", 1, 2), True),
        (pl.Float64, 1.0, Check.of("le", 10**400), True),
        (pl.Float32, 0.1, Check.of("isin", 0.1), True),
        (pl.Float32, 0.1, Check.of("le", 0.1), True),
        (pl.Boolean, True, Check.of("isin", True), True),
        (pl.Boolean, True, Check.of("le", False), False),
        (pl.Date, date(2026, 1, 1), Check.of("isin", date(2026, 1, 1)), True),
        (pl.Date, date(2026, 1, 1), Check.of("lt", date(2026, 1, 1)), False),
        (pl.Datetime("ms", "UTC"), NOON, Check.of("ge", NOON + TICK), False),
        (pl.Datetime("ms", "UTC"), NOON, Check.of("gt", NOON - TICK), True),
        (pl.Datetime("ms", "UTC"), NOON, Check.of("isin", NOON + TICK), False),
        (pl.Datetime("ns", "UTC"), NOON, Check.of("eq", NOON), True),
        (pl.Datetime("us", "Europe/Berlin"), NOON, Check.of("eq", NOON.astimezone(timezone(timedelta(hours=5)))), True),
        (pl.Duration("ms"), timedelta(1), Check.of("lt", timedelta(1) + TICK), True),
        (pl.String, "b", Check.of("in_range", "a", "b", True, False), False),
    ],
)
def test_a_bound_is_exact(dtype: Any, cell: Any, check: Check, keeps: bool, tmp_path: Path):
    pl.DataFrame({"x": pl.Series([cell], dtype=dtype)}).write_parquet(tmp_path / "x")
    assert (not broken(tmp_path / "x", contract(Column("x", checks=(check,))))) == keeps


EDGES = st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, BEYOND, BEYOND + 1, 2**63 - 1, -(2**63)]))
BOUNDS = st.one_of(EDGES, st.floats(allow_nan=False), EDGES.map(float))


@given(st.lists(EDGES, min_size=1, max_size=5), st.sampled_from(["gt", "ge", "lt", "le", "eq", "ne"]), BOUNDS)
def test_integers_compare_with_any_bound_as_python_does(folder: Path, cells: list[int], kind: str, bound: float):
    path = folder / "x"
    pl.DataFrame({"x": pl.Series(cells, dtype=pl.Int64)}).write_parquet(path)
    check = Check.of(kind, bound)
    wrong = sum(not _python(kind, cell, bound) for cell in cells)
    assert broken(path, contract(Column("x", checks=(check,)))) == ({("x", check.name): wrong} if wrong else {})


def _python(kind: str, cell: int, bound: float) -> bool:
    return {"gt": cell > bound, "ge": cell >= bound, "lt": cell < bound, "le": cell <= bound,
            "eq": cell == bound, "ne": cell != bound}[kind]  # fmt: skip
