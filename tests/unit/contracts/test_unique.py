"""Uniqueness is exact, however many parts the table is grouped in."""

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.contracts.compiled import Column
from moorage.contracts.unique import count_repeated, keys, repeated
from tests.unit.contracts.tables import contract

NAN = float("nan")


@given(st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=40), st.integers(1, 12))
def test_parts_find_what_one_look_at_the_whole_finds(cells: list[int | None], group_rows: int):
    frame = pl.LazyFrame({"x": pl.Series(cells, dtype=pl.Int64)})
    (key,) = keys(contract(Column("x", "int64", unique=True)), frame.collect_schema())
    often = {cell for cell, count in Counter(cells).items() if count > 1 and cell is not None}
    rows = [row for row, cell in enumerate(cells) if cell in often]
    assert count_repeated(frame, key, len(cells), group_rows) == len(rows)
    found = pl.concat([part.collect() for part in repeated(frame, key, len(cells), group_rows)])
    assert sorted(found["row"]) == rows


@pytest.mark.parametrize("group_rows", [1, 100])
def test_minus_zero_is_zero_and_an_allowed_nan_is_a_value(group_rows: int):
    frame = pl.LazyFrame({"x": [0.0, -0.0, NAN, NAN, 1.0]})
    (plain,) = keys(contract(Column("x", unique=True)), frame.collect_schema())
    (allowed,) = keys(contract(Column("x", unique=True, allow_nan=True)), frame.collect_schema())
    assert count_repeated(frame, plain, 5, group_rows) == 2
    assert count_repeated(frame, allowed, 5, group_rows) == 4
