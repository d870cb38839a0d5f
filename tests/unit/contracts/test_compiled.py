"""The JSON form of a compiled contract."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.contracts.compiled import SCHEMA, Check, Column, Contract, contract_from_json, contract_to_json
from moorage.errors import SpecError
from tests.unit.contracts.tables import AGE, contract

VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, UTC])),
    st.timedeltas(min_value=timedelta(-1000), max_value=timedelta(1000)),
)
CHECKS = st.builds(lambda kind, values: Check.of(kind, *values), st.sampled_from(["isin", "notin"]), st.lists(VALUES))
COLUMNS = st.builds(Column, st.text(max_size=5), nullable=st.booleans(), checks=st.lists(CHECKS, max_size=3).map(tuple))


@given(st.lists(COLUMNS, max_size=3), st.booleans(), st.integers(0, 5))
def test_a_contract_survives_its_json(columns: list[Column], strict: bool, min_rows: int):
    written = contract(*columns, strict=strict, min_rows=min_rows, unique=(("a", "b"),), custom=("a: mine",))
    assert contract_from_json(contract_to_json(written)) == written


def test_equal_contracts_are_equal_bytes():
    assert contract_to_json(contract(AGE)) == contract_to_json(contract_from_json(contract_to_json(contract(AGE))))


def test_a_newer_schema_is_refused_with_what_to_do():
    newer = contract_to_json(contract(AGE)).replace(b'"schema":1', b'"schema":%d' % (SCHEMA + 1))
    with pytest.raises(SpecError, match=r"schema 2.*\n  fix: pip install"):
        contract_from_json(newer)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"3", b"{}", b'{"schema":1}', b'{"schema":1,"contract":{"x":1}}', b"\xff"]
)
def test_bytes_that_are_no_contract_are_refused_in_a_sentence(data: bytes):
    with pytest.raises(SpecError, match="not a compiled contract"):
        contract_from_json(data)


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (Check.of("ge", 0), "ge(0)"),
        (Check.of("in_range", 18, 120, True, True), "in_range(18, 120)"),
        (Check.of("in_range", 0, 1, True, False), "in_range(0, 1, without max)"),
        (Check.of("isin", "a", "b"), "isin(a, b)"),
        (Check.of("isin", *range(100)), "isin(100 values)"),
        (Check.of("str_length", 2, None), "str_length(2..)"),
        (Check.of("lt", date(2026, 1, 1)), "lt(2026-01-01)"),
        (Check.of("le", math.inf), "le(inf)"),
        (Check.of("gt", datetime(2026, 1, 1, tzinfo=UTC)), "gt(2026-01-01 00:00:00+00:00)"),
    ],
)
def test_a_check_is_named_as_it_was_written(check: Check, name: str):
    assert check.name == name


def test_a_contract_without_a_column_forgets_what_was_joined_with_it():
    both = contract(AGE, Column("label", "bool"), unique=(("age", "label"), ("age",)))
    assert both.without(("label",)) == contract(AGE, unique=(("age",),))


def test_what_a_contract_says_is_all_in_its_bytes():
    changes: list[dict[str, Any]] = [
        {"strict": True},
        {"ordered": True},
        {"min_rows": 2},
        {"unique": (("age",),)},
        {"custom": ("x",)},
    ]
    written = {contract_to_json(Contract("Rows", "rows:Rows", (AGE,), **change)) for change in [{}, *changes]}
    assert len(written) == 6
