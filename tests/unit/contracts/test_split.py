"""Setting rows aside: nothing is lost, nothing is invented."""

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.contracts.compiled import Check, Column, Contract
from moorage.contracts.split import ROW_GROUP, Split, split_table
from moorage.errors import SpecError
from tests.unit.contracts.tables import AGE, broken, contract, write


def split(path: Path, asked: Contract) -> tuple[Split, pl.DataFrame, pl.DataFrame]:
    """Return what `split_table` says, and the two tables that it wrote."""
    good, bad = path.with_name("good.parquet"), path.with_name("bad.parquet")
    return split_table(path, asked, good, bad), pl.read_parquet(good), pl.read_parquet(bad)


def test_bad_rows_carry_their_number_and_every_reason(tmp_path: Path):
    path = write(tmp_path / "t", age=[20, None, 7, 300, 20], code=["a", "b", "c", "b", "d"])
    asked = contract(AGE, Column("code", unique=True, checks=(Check.of("notin", "c"),)))
    counts, good, bad = split(path, asked)
    assert counts == Split(2, 3)
    assert good.rows() == [(20, "a"), (20, "d")]
    assert bad.select("_row", "_reasons").rows() == [
        (1, "age: not null; code: unique"),
        (2, "age: in_range(18, 120); code: notin(c)"),
        (3, "age: in_range(18, 120); code: unique"),
    ]
    assert bad.columns == ["age", "code", "_row", "_reasons"]
    assert bad.schema["_row"] == pl.Int64


def test_what_is_good_keeps_the_contract_and_its_types(tmp_path: Path):
    columns = {"age": pl.Series([20, 7], dtype=pl.Int64), "kind": pl.Series(["a", "b"], dtype=pl.Categorical)}
    path = write(tmp_path / "t", **columns)
    asked = contract(AGE, Column("kind", "string"))
    _, good, _ = split(path, asked)
    assert good.schema["kind"] == pl.Categorical
    assert not broken(tmp_path / "good.parquet", asked)


def test_row_groups_are_small_enough_for_the_next_reader(tmp_path: Path):
    path = write(tmp_path / "t", age=pl.int_range(0, 600_000, eager=True) % 200)
    split(path, contract(AGE))
    groups = pq.ParquetFile(tmp_path / "good.parquet").metadata
    assert max(groups.row_group(number).num_rows for number in range(groups.num_row_groups)) <= ROW_GROUP


def test_the_order_of_rows_is_kept(tmp_path: Path):
    numbers = pl.int_range(0, 300_000, eager=True)
    path = write(tmp_path / "t", id=numbers, age=numbers % 200, key=numbers // 3)
    _, good, bad = split(path, contract(AGE, Column("key", unique=True), Column("id", unique=True), min_rows=0))
    assert good.is_empty()
    assert bad["_row"].equals(numbers)
    assert bad["id"].equals(numbers)
    _, good, bad = split(path, contract(AGE, Column("id", unique=True)))
    assert good["id"].is_sorted()
    assert bad["_row"].equals(bad["id"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (contract(Column("gone")), "gone: is there, seen: the table has age"),
        (contract(Column("age", "string")), "age: is string, seen: int64"),
    ],
)
def test_what_is_no_matter_of_rows_is_refused_and_nothing_is_written(asked: Contract, said: str, tmp_path: Path):
    with pytest.raises(SpecError, match=said):
        split(write(tmp_path / "t", age=[1]), asked)
    assert [each.name for each in tmp_path.iterdir()] == ["t"]


def test_a_table_with_our_own_column_names_is_refused(tmp_path: Path):
    with pytest.raises(SpecError, match="has a column '_reasons'"):
        split(write(tmp_path / "t", age=[1], _reasons=["x"]), contract(AGE))


def test_no_good_row_is_no_success(tmp_path: Path):
    with pytest.raises(SpecError, match=r"2 of 2 rows.*fewer than the 1"):
        split(write(tmp_path / "t", age=[1, 2]), contract(AGE))
    assert pl.read_parquet(tmp_path / "bad.parquet").height == 2


ROWS = st.lists(st.tuples(st.one_of(st.none(), st.integers(15, 22)), st.sampled_from(["a", "b", None])), max_size=12)


@given(ROWS)
def test_good_and_bad_together_are_what_came_in(folder: Path, rows: list[Any]):
    path = folder / "t"
    schema = {"age": pl.Int64, "code": pl.String}
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(path)
    asked = contract(AGE, Column("code", "string", nullable=True), unique=(("age", "code"),), min_rows=0)
    counts, good, bad = split(path, asked)
    kept = dict(zip(bad["_row"], bad.drop("_row", "_reasons").rows(), strict=True))
    rest = iter(good.rows())
    assert [kept[number] if number in kept else next(rest) for number in range(len(rows))] == rows
    assert counts.rows_good + counts.rows_bad == len(rows)
    assert not broken(path.with_name("good.parquet"), asked)
