"""moorage's own semantics, case by case; pandera agrees where the table says so."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from moorage.contracts.compiled import Check, Column
from tests.unit.contracts.tables import broken, contract

NAN = float("nan")


@dataclass(frozen=True)
class Case:
    """A table of one column and whether it keeps the contract; `pandera` is None where pandera says otherwise."""

    name: str
    column: Column
    values: list[Any]
    dtype: Any
    accepted: bool
    agrees: bool = True


def column(dtype: str, *checks: Check, **settings: Any) -> Column:
    """Return a column called x."""
    return Column("x", dtype, checks=checks, **settings)


GE, LE = Check.of("ge", 0), Check.of("le", 10)
CODE = Check.of("str_matches", r"A\d$")
CASES = [
    Case("a null where none may be", column("int64"), [1, None], pl.Int64, False),
    Case("a null where one may be", column("int64", nullable=True), [1, None], pl.Int64, True),
    Case("all null", column("int64", GE, nullable=True), [None, None], pl.Int64, True),
    Case("a null breaks no check", column("int64", GE, nullable=True), [None, 1], pl.Int64, True),
    Case(
        "a null is in every set", column("string", Check.of("isin", "a"), nullable=True), ["a", None], pl.String, True
    ),
    Case(
        "a null is outside no set",
        column("string", Check.of("notin", "b"), nullable=True),
        ["a", None],
        pl.String,
        True,
    ),
    Case("two equal values", column("int64", unique=True), [1, 1], pl.Int64, False),
    Case(
        "two nulls are not equal", column("int64", unique=True, nullable=True), [None, None, 1], pl.Int64, True, False
    ),
    Case("NaN is missing", column("float64"), [1.0, NAN], pl.Float64, False),
    Case("NaN where a null may be", column("float64", GE, nullable=True), [1.0, NAN], pl.Float64, True),
    Case("NaN is above no bound", column("float64", LE, nullable=True), [1.0, NAN], pl.Float64, True, False),
    Case("NaN that is allowed", column("float64", LE, allow_nan=True), [1.0, NAN], pl.Float64, True, False),
    Case("a null where NaN is allowed", column("float64", allow_nan=True), [1.0, None], pl.Float64, False),
    Case("two NaN are missing", column("float64", unique=True, nullable=True), [NAN, NAN], pl.Float64, True, False),
    Case("infinity is a value", column("float64", LE), [float("inf")], pl.Float64, False),
    Case("a bound is inside", column("int64", GE, LE), [0, 10], pl.Int64, True),
    Case("a bound that is excluded", column("int64", Check.of("gt", 0)), [0], pl.Int64, False),
    Case("a narrower integer", column("int64"), [1], pl.Int32, False),
    Case("an integer for a float", column("float64"), [1], pl.Int64, False),
    Case("an integer for a float, coerced", column("float64", coerce=True), [1], pl.Int64, True),
    Case("a text for a number, coerced", column("int64", coerce=True), ["1"], pl.String, False, False),
    Case("a pattern matches the whole text", column("string", CODE), ["A1"], pl.String, True),
    Case("a pattern is not a prefix", column("string", Check.of("str_matches", "A")), ["A1"], pl.String, False, False),
    Case("a line's end is not the text's", column("string", CODE), ["A1\n"], pl.String, False),
    Case(
        "an alternative stays whole", column("string", Check.of("str_matches", "a|b")), ["ab"], pl.String, False, False
    ),
    Case("a pattern anywhere", column("string", Check.of("str_contains", r"\d")), ["A1\n"], pl.String, True),
    Case("length counts characters", column("string", Check.of("str_length", 1, 1)), ["é"], pl.String, True),
    Case("no row is no pass", column("int64", GE), [], pl.Int64, False, False),
    Case("a category is a text", column("string", Check.of("isin", "a")), ["a"], pl.Categorical, True, False),
    Case("any type", column("any", Check.of("isin", "a")), ["a"], pl.String, True),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_a_table_is_judged_by_our_semantics(case: Case, tmp_path: Path):
    pl.DataFrame({"x": pl.Series(case.values, dtype=case.dtype)}).write_parquet(tmp_path / "x.parquet")
    assert (not broken(tmp_path / "x.parquet", contract(case.column))) == case.accepted


@pytest.mark.parametrize("case", [case for case in CASES if case.agrees], ids=lambda case: case.name.replace(" ", "-"))
def test_pandera_agrees_where_we_say_that_it_does(case: Case):
    assert pandera_accepts(case) == case.accepted


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.agrees], ids=lambda case: case.name.replace(" ", "-")
)
def test_pandera_still_differs_where_we_say_that_it_does(case: Case):
    assert pandera_accepts(case) != case.accepted


def pandera_accepts(case: Case) -> bool:
    """Return whether pandera, asked for the same, takes the table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandera.polars as pa

        checks = [getattr(pa.Check, check.kind)(*_arguments(check)) for check in case.column.checks]
        said = {name: getattr(case.column, name) for name in ("nullable", "unique", "coerce")}
        dtype = {"any": None, "string": str}.get(case.column.dtype, case.column.dtype)
        schema = pa.DataFrameSchema({"x": pa.Column(dtype, checks, **said)})
        try:
            schema.validate(pl.DataFrame({"x": pl.Series(case.values, dtype=case.dtype)}), lazy=True)
        except (pa.errors.SchemaErrors, pl.exceptions.PolarsError):
            return False
    return True


def _arguments(check: Check) -> tuple[Any, ...]:
    return (list(check.arguments),) if check.kind in ("isin", "notin") else check.arguments
