"""Records from request bytes: what is taken, and every problem with what is not."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.contracts.compiled import Check, Column
from moorage.contracts.record import MOST_PROBLEMS, RecordBreach, RecordProblem, RecordValidator
from moorage.errors import SpecError
from tests.unit.contracts.tables import AGE, contract

SCORE = Column("score", "float64", nullable=True, checks=(Check.of("le", 1),))
NAME = Column("name", "string", checks=(Check.of("str_matches", "[a-z]+"), Check.of("str_length", None, 5)))
PERSON = RecordValidator(contract(AGE, SCORE, NAME, strict=True))
ENDS = (Check.of("str_startswith", "a"), Check.of("str_endswith", "b"))
CLOCK, SIX = "2026-01-31T06:30:00", datetime(2026, 1, 31, 6, 30, tzinfo=UTC)
GOOD = {"age": 20, "score": 0.5, "name": "ann"}


def problems(validator: RecordValidator, body: Any) -> list[str]:
    """Return what is wrong with a body, given as bytes or as what JSON is made of."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(RecordBreach) as caught:
        validator.validate_json(data)
    return [str(problem) for problem in caught.value.problems]


def test_one_record_and_a_list_come_back_as_columns():
    one = {"age": [20], "score": [0.5], "name": ["ann"]}
    assert PERSON.validate_json(json.dumps(GOOD).encode()) == one
    assert PERSON.validate_json(b" \n[" + json.dumps(GOOD).encode() + b"]") == one
    assert PERSON.validate_python([GOOD, {**GOOD, "score": None}])["score"] == [0.5, None]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"age": 7}, "row 0, column 'age': must be at least 18, not 7"),
        ({"age": "20"}, "row 0, column 'age': must be an integer, not '20'"),
        ({"age": 20.5}, "row 0, column 'age': must be an integer, not 20.5"),
        ({"age": True}, "row 0, column 'age': must be an integer, not true"),
        ({"age": None}, "row 0, column 'age': must be an integer, not null"),
        ({"age": 2**63}, "row 0, column 'age': must be at most 120, not 9223372036854775808"),
        ({"score": "0.5"}, "row 0, column 'score': must be a number, not '0.5'"),
        ({"score": float("nan")}, "row 0, column 'score': must be a finite number, not nan"),
        ({"score": float("inf")}, "row 0, column 'score': must be a finite number, not inf"),
        ({"score": 1.5}, "row 0, column 'score': must be at most 1.0, not 1.5"),
        ({"name": "ann\n"}, "row 0, column 'name': must satisfy str_matches([a-z]+), not 'ann\\n'"),
        ({"name": "annabel"}, "row 0, column 'name': must satisfy str_length(..5), not 'annabel'"),
        ({"name": ["ann"]}, "row 0, column 'name': must be a text, not ['ann']"),
        ({"more": 1}, "row 0, column 'more': is no column of the contract"),
    ],
)
def test_what_breaks_the_contract_is_named_with_its_place(change: dict[str, Any], problem: str):
    assert problems(PERSON, {**GOOD, **change}) == [problem]


def test_an_integer_is_a_number_too():
    assert PERSON.validate_json(json.dumps({**GOOD, "score": 1}).encode())["score"] == [1.0]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the body is not JSON: EOF"),
        (b"\xff", "the body is not JSON: "),
        (b"{" * 10_000, "the body is not JSON: "),
        (b"[" * 10_000, "the body is not JSON: recursion limit"),
        (b"[]", "the list has no record"),
        (b"3", "row 0: must be an object with the columns as keys, not 3"),
        (b"[null]", "row 0: must be an object with the columns as keys, not null"),
        (b"{}", "row 0, column 'age': is missing"),
    ],
)
def test_a_body_that_is_no_record_is_named(body: bytes, problem: str):
    assert problems(PERSON, body)[0].startswith(problem)


def test_every_problem_is_listed_up_to_a_cap():
    with pytest.raises(RecordBreach) as caught:
        PERSON.validate_python([{**GOOD, "age": 1, "score": 2}] * 50)
    assert (len(caught.value.problems), caught.value.total) == (MOST_PROBLEMS, 100)
    assert caught.value.problems[1] == RecordProblem(0, "score", "must be at most 1.0, not 2")
    assert str(caught.value).endswith("; and 80 more")


def test_more_columns_are_left_out_unless_the_contract_is_strict():
    assert RecordValidator(contract(AGE)).validate_python(GOOD) == {"age": [20]}


def test_a_label_may_be_left_out():
    asked = contract(AGE, Column("label", "bool"), strict=True)
    assert RecordValidator(asked, without=("label",)).validate_python({"age": 20}) == {"age": [20]}


def test_a_column_that_may_be_absent_is_there_in_all_records_or_in_none():
    hint = RecordValidator(contract(AGE, Column("hint", "int64", required=False)))
    assert hint.validate_python([{"age": 20}]) == {"age": [20]}
    assert problems(hint, [{"age": 20, "hint": 1}, {"age": 20}]) == [
        "row 1, column 'hint': is missing, and other records have it"
    ]
    empty = RecordValidator(contract(Column("hint", "int64", required=False, nullable=True)))
    assert empty.validate_python([{"hint": 1}, {}]) == {"hint": [1, None]}


@pytest.mark.parametrize(
    ("column", "good", "value", "bad"),
    [
        (Column("x", "int8"), 127, 127, [128, -129, 1.0]),
        (Column("x", "uint64"), 2**64 - 1, 2**64 - 1, [-1, 2**64]),
        (Column("x", "float32"), 1.5, 1.5, [1e39, -1e39]),
        (Column("x", "bool"), True, True, [1, "true", None]),
        (Column("x", "date"), "2026-01-31", date(2026, 1, 31), ["2026-02-31", "1577836800", 20260131]),
        (Column("x", "datetime"), CLOCK, SIX.replace(tzinfo=None), [f"{CLOCK}Z", "1577836800", 1577836800]),
        (Column("x", "datetime", zone="UTC"), f"{CLOCK}Z", SIX, [CLOCK, "x", "1577836800"]),
        (Column("x", "duration"), "PT90S", timedelta(seconds=90), ["90", 90, "P"]),
        (Column("x", "any"), "a", "a", [None, [1], {}]),
        (Column("x", "string", checks=(Check.of("isin", "a", "b"),)), "a", "a", ["c", 1, "a\n"]),
        (Column("x", "float64", checks=(Check.of("isin", 1, 2),)), 1, 1.0, [3, True]),
        (Column("x", "int64", checks=(Check.of("notin", 1),)), 2, 2, [1]),
        (Column("x", "int64", checks=(Check.of("gt", 0.5), Check.of("gt", 0), Check.of("lt", 9))), 1, 1, [0, 9]),
        (Column("x", "int64", checks=(Check.of("eq", 5),)), 5, 5, [6]),
        (Column("x", "int64", checks=(Check.of("ne", 5),)), 6, 6, [5]),
        (Column("x", "float64", checks=(Check.of("in_range", 0, 1, False, False),)), 0.5, 0.5, [0, 1]),
        (Column("x", "string", checks=(Check.of("in_range", "b", "d", True, False),)), "b", "b", ["d", "a"]),
        (Column("x", "string", checks=(Check.of("str_contains", r"\d"),)), "a1b", "a1b", ["ab"]),
        (Column("x", "string", checks=ENDS), "ab", "ab", ["a", "b"]),
        (Column("x", "float64", checks=(Check.of("le", 10**400),)), 1, 1.0, [float("inf")]),
    ],
)  # fmt: skip
def test_each_type_takes_what_it_should(column: Column, good: Any, value: Any, bad: list[Any]):
    validator = RecordValidator(contract(column))
    assert validator.validate_json(json.dumps({"x": good}).encode()) == {"x": [value]}
    for each in bad:
        assert len(problems(validator, {"x": each})) == 1


def test_a_type_that_json_has_not_is_refused_when_the_validator_is_built():
    with pytest.raises(SpecError, match=r"column 'x' is List\(Int64\).*\n  fix: leave the column out"):
        RecordValidator(contract(Column("x", "List(Int64)")))


def test_what_a_request_cannot_be_checked_for_is_named():
    asked = contract(AGE, custom=("age: even (a function of yours)",), unique=(("age",),), min_rows=100)
    validator = RecordValidator(asked)
    assert validator.unchecked == asked.custom
    assert validator.validate_python([{"age": 20}, {"age": 20}]) == {"age": [20, 20]}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["age", "score", "name", "q"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.one_of(st.binary(max_size=60), JSON.map(lambda value: json.dumps(value).encode())))
def test_any_body_is_taken_or_refused_in_sentences(body: bytes):
    try:
        columns = PERSON.validate_json(body)
    except RecordBreach as breach:
        assert breach.problems  # noqa: PT017 - either end is right
    else:
        assert set(columns) == {"age", "score", "name"}


def test_serving_needs_no_table_engine():
    code = (
        "import sys; from moorage.contracts.record import RecordValidator\n"
        "from moorage.contracts.compiled import Check, Column, Contract\n"
        "pattern = Check.of('str_matches', 'a')\n"
        "v = RecordValidator(Contract('R', 'r:R', (Column('x', 'string', checks=(pattern,)),)))\n"
        "heavy = {'polars', 'pandas', 'pandera', 'pyarrow', 'numpy'}\n"
        'print(v.validate_json(b\'{"x": "a"}\'), sorted(heavy & set(sys.modules)))'
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "{'x': ['a']} []"
