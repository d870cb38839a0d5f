"""What checking a table reports, and that it agrees with the plainest reading of the contract."""

import math
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.contracts.compiled import Check, Column, Contract
from moorage.contracts.record import RecordBreach, RecordValidator
from moorage.contracts.report import CheckResult
from moorage.contracts.table import check_table
from tests.unit.contracts.tables import AGE, broken, contract, write


def test_every_check_has_a_result_those_that_hold_too(tmp_path: Path):
    asked = contract(Column("age", "int64", unique=True, checks=AGE.checks), strict=True, ordered=True)
    results = check_table(write(tmp_path / "t", age=[20, 30]), asked, "people")
    assert [(item.column, item.check, item.failed) for item in results] == [
        (None, "at least 1 row", 0),
        ("age", "is int64", 0),
        (None, "no other column", 0),
        (None, "columns in order", 0),
        ("age", "not null", 0),
        ("age", "in_range(18, 120)", 0),
        ("age", "unique", 0),
    ]
    assert {(item.artifact, item.contract, item.rows) for item in results} == {("people", "Rows", 2)}


def test_examples_name_row_and_value_and_are_capped(tmp_path: Path):
    path = write(tmp_path / "t", age=[20, 7, None, 300, 8, 9])
    results = check_table(path, contract(AGE), "people", examples=2)
    assert results[-1] == CheckResult("people", "Rows", "age", "in_range(18, 120)", 4, 6, ((1, "7"), (3, "300")))
    assert results[-2].examples == ((2, "null"),)


def test_an_example_is_one_short_line(tmp_path: Path):
    path = write(tmp_path / "t", text=["a\nb", "x" * 1000])
    (result,) = check_table(path, contract(Column("text", checks=(Check.of("eq", "q"),)), min_rows=0), "t")[1:]
    assert result.examples[0] == (0, r"'a\nb'")
    assert len(result.examples[1][1]) == 80


def test_repeated_values_are_counted_with_every_row_that_has_them(tmp_path: Path):
    path = write(tmp_path / "t", a=[1, 1, 2, None, None, 1], b=["x", "x", "y", "z", "z", "y"])
    asked = contract(Column("a", nullable=True, unique=True), Column("b"), unique=(("a", "b"),))
    results = {item.check: item for item in check_table(path, asked, "t") if item.failed}
    assert (results["unique"].failed, results["unique"].examples) == (3, ((0, "1"), (1, "1"), (5, "1")))
    assert (results["unique(a, b)"].failed, results["unique(a, b)"].examples) == (2, ((0, "1, x"), (1, "1, x")))


@pytest.mark.parametrize(
    ("asked", "expected", "seen"),
    [
        (contract(Column("gone")), ("gone", "is there"), "the table has b, a"),
        (contract(Column("a", "string"), Column("b")), ("a", "is string"), "int64"),
        (contract(Column("a"), strict=True), ("b", "no other column"), "it is not in the contract"),
        (contract(Column("a"), Column("b"), ordered=True), (None, "columns in order"), "b, a"),
        (contract(Column("a"), min_rows=3), (None, "at least 3 rows"), "2 rows"),
        (
            contract(Column("a", checks=(Check.of("str_length", 1, 2),))),
            ("a", "str_length(1..2)"),
            "the column is int64",
        ),
    ],
)
def test_what_is_wrong_with_the_columns_is_a_failed_check(asked: Contract, expected: Any, seen: str, tmp_path: Path):
    (result,) = [item for item in check_table(write(tmp_path / "t", b=[1, 2], a=[1, 2]), asked, "t") if item.failed]
    assert (result.column, result.check) == expected
    assert result.failed == 1
    assert result.examples[0][1].startswith(seen)


def test_a_column_that_may_be_absent_is_no_failure(tmp_path: Path):
    assert not broken(write(tmp_path / "t", a=[1]), contract(Column("a"), Column("b", required=False), ordered=True))


@pytest.mark.parametrize(
    ("value", "check"),
    [
        (date(2026, 1, 1), Check.of("gt", date(2025, 1, 1))),
        (datetime(2026, 1, 1, tzinfo=UTC), Check.of("gt", datetime(2025, 1, 1, tzinfo=UTC))),
        (timedelta(1), Check.of("le", timedelta(1))),
        (True, Check.of("eq", True)),
        ("abc", Check.of("str_startswith", "ab")),
        ("abc", Check.of("str_endswith", "bc")),
        (5, Check.of("ne", 4)),
    ],
)
def test_each_type_has_its_checks(value: Any, check: Check, tmp_path: Path):
    path = write(tmp_path / "t", x=[value])
    assert not broken(path, contract(Column("x", checks=(check,))))
    wrong = Check.of("ne" if check.kind == "eq" else "eq", check.arguments[0] if check.kind == "eq" else value)
    opposite = Check.of("ne", value) if check.kind != "eq" else wrong
    assert broken(path, contract(Column("x", checks=(opposite,)))) == {("x", opposite.name): 1}


def test_a_csv_is_read_with_the_types_of_the_contract(tmp_path: Path):
    path = tmp_path / "people.csv"
    path.write_text("age,code\n20,007\n5,008\n")
    asked = contract(AGE, Column("code", "string", checks=(Check.of("str_length", 3, 3),)))
    assert broken(path, asked) == {("age", "in_range(18, 120)"): 1}


# The plainest reading of a contract, cell by cell, for hypothesis to hold the fast one to.

NUMBERS = st.one_of(st.none(), st.integers(-3, 3))
FLOATS = st.one_of(st.none(), st.sampled_from([-1.5, -0.0, 0.0, 0.5, 2.0, math.inf, math.nan]))
TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "ab", "a\n", "B1", "é"]))
KINDS = {"int64": (NUMBERS, pl.Int64), "float64": (FLOATS, pl.Float64), "string": (TEXTS, pl.String)}
NUMBER_CHECKS = st.one_of(
    st.builds(Check.of, st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]), st.integers(-2, 2)),
    st.builds(Check.of, st.just("in_range"), st.integers(-2, 0), st.integers(0, 2), st.booleans(), st.booleans()),
    st.builds(
        lambda kind, values: Check.of(kind, *values),
        st.sampled_from(["isin", "notin"]),
        st.sets(st.integers(-2, 2), min_size=1),
    ),
)
TEXT_CHECKS = st.one_of(
    st.builds(Check.of, st.sampled_from(["str_startswith", "str_endswith"]), st.sampled_from(["a", "b", ""])),
    st.builds(Check.of, st.just("str_matches"), st.sampled_from(["a", "a|b", r"[A-Z]\d", ".", "a$"])),
    st.builds(
        Check.of,
        st.just("str_length"),
        st.one_of(st.none(), st.integers(0, 1)),
        st.one_of(st.none(), st.integers(1, 2)),
    ),
)
WHOLE = {"a": {"a"}, "a|b": {"a"}, r"[A-Z]\d": {"B1"}, ".": {"a", "é"}, "a$": {"a"}}


@st.composite
def tables(draw: Any) -> tuple[Contract, list[dict[str, Any]]]:
    """Return a contract of one to three columns, and rows for it."""
    columns = []
    for name in ("x", "y", "z")[: draw(st.integers(1, 3))]:
        dtype = draw(st.sampled_from(sorted(KINDS)))
        checks = draw(st.lists(TEXT_CHECKS if dtype == "string" else NUMBER_CHECKS, max_size=2))
        flags = {flag: draw(st.booleans()) for flag in ("nullable", "unique", "allow_nan")}
        columns.append(Column(name, dtype, checks=tuple(checks), **flags))
    rows = st.fixed_dictionaries({column.name: KINDS[column.dtype][0] for column in columns})
    return contract(*columns, min_rows=0), draw(st.lists(rows, max_size=6))


def holds(check: Check, value: Any) -> bool:
    """Return whether a value that is there keeps the check."""
    first, *rest = arguments = cast("tuple[Any, ...]", check.arguments)
    match check.kind:
        case "isin" | "notin":
            return (value in arguments) == (check.kind == "isin")
        case "in_range":
            return bool(
                (first <= value if rest[1] else first < value) and (value <= rest[0] if rest[2] else value < rest[0])
            )
        case "str_matches":
            return value in WHOLE[first]
        case "str_length":
            return (first or 0) <= len(value) <= (math.inf if rest[0] is None else rest[0])
        case "str_startswith" | "str_endswith":
            return bool(getattr(value, check.kind.replace("str_", ""))(first))
    return bool({"eq": value == first, "ne": value != first, "gt": value > first, "ge": value >= first,
                 "lt": value < first, "le": value <= first}[check.kind])  # fmt: skip


def expected(asked: Contract, rows: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Return how many rows break which check, by the plainest reading."""
    found: Counter[tuple[str, str]] = Counter()
    for column in asked.columns:
        cells = [row[column.name] for row in rows]
        values = [cell for cell in cells if cell is not None and cell == cell]
        missing = len(cells) - len(values) - sum(cell != cell for cell in cells) * column.allow_nan
        found[column.name, "not null"] += missing * (not column.nullable)
        for check in dict.fromkeys(column.checks):
            found[column.name, check.name] += sum(not holds(check, value) for value in values)
        if column.unique:
            nans = ["NaN" for cell in cells if cell != cell and column.allow_nan]
            found[column.name, "unique"] += sum(count for count in Counter([*values, *nans]).values() if count > 1)
    return +found


@given(tables())
def test_the_streaming_pass_says_what_the_plainest_reading_says(folder: Path, drawn: Any):
    asked, rows = drawn
    path = save(folder / "t.parquet", asked, rows)
    assert broken(path, asked) == expected(asked, rows)


@given(tables())
def test_a_record_is_judged_as_the_table_with_that_row(folder: Path, drawn: Any):
    asked, rows = drawn
    validator = RecordValidator(asked)
    for number, row in enumerate(row for row in rows if all(is_json(cell) for cell in row.values())):
        path = save(folder / f"{number}.parquet", asked, [row])
        assert accepts(validator, row) == (not broken(path, asked))


def save(path: Path, asked: Contract, rows: list[dict[str, Any]]) -> Path:
    """Write rows with the types of the contract."""
    schema = {column.name: KINDS[column.dtype][1] for column in asked.columns}
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(path)
    return path


def is_json(cell: Any) -> bool:
    """Return whether JSON has the value."""
    return not isinstance(cell, float) or math.isfinite(cell)


def accepts(validator: RecordValidator, row: dict[str, Any]) -> bool:
    """Return whether the validator takes the record."""
    import json

    try:
        validator.validate_json(json.dumps(row).encode())
    except RecordBreach:
        return False
    return True
