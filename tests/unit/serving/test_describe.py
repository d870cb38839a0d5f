"""The published JSON Schema says what the edge does, and can always be written."""

import json
from datetime import date

import jsonschema
import pytest

from moorage.contracts.compiled import Check, Column, Contract
from moorage_serving.describe import example_record, json_schema
from moorage_serving.edge import Edge
from moorage_serving.problems import Refused

COLUMNS = [
    Column("c", "int32", checks=(Check.of("ge", 2), Check.of("lt", 5))),
    Column("c", "float64", checks=(Check.of("in_range", 0, 1, False, True),)),
    Column("c", "float64", nullable=True, checks=(Check.of("gt", 0),)),
    Column("c", "string", checks=(Check.of("isin", "a", "b"),)),
    Column("c", "string", nullable=True, checks=(Check.of("isin", "a", "b"),)),
    Column("c", "string", checks=(Check.of("str_length", 2, 3),)),
    Column("c", "string", checks=(Check.of("str_matches", "[ab]+"),)),
    Column("c", "int64", checks=(Check.of("eq", 3),)),
    Column("c", "bool"),
]
VALUES: list[object] = [None, True, 0, 1, 2, 3, 4.5, 5, 0.5, -1, "", "a", "ab", "abc", "abcd", "xay", [], {}]


def contract_of(column: Column) -> Contract:
    return Contract("Things", "things:Things", (column,), strict=True)


def is_taken(column: Column, record: dict[str, object]) -> bool:
    try:
        Edge(contract_of(column)).rows([record])
    except Refused:
        return False
    return True


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: f"{column.dtype} {column.nullable} {column.checks}")
def test_the_schema_and_the_edge_agree(column: Column):
    schema = jsonschema.Draft202012Validator(json_schema(contract_of(column), "things"))
    records: list[dict[str, object]] = [{}, {"d": 1}]
    records += [{"c": value} for value in VALUES]
    assert [schema.is_valid(record) for record in records] == [is_taken(column, record) for record in records]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: f"{column.dtype} {column.nullable} {column.checks}")
def test_an_example_is_taken_or_there_is_none(column: Column):
    example = example_record(contract_of(column))
    assert example is None or is_taken(column, example)


@pytest.mark.parametrize(
    "column",
    [
        Column("c", "date", checks=(Check.of("ge", date(2026, 1, 1)),)),
        Column("c", "float64", checks=(Check.of("lt", float("inf")),)),
        Column("c", "string", checks=(Check.of("str_startswith", "a"), Check.of("notin", "b"))),
        Column("c", "any"),
    ],
)
def test_what_json_cannot_say_is_said_in_words(column: Column):
    schema = json_schema(contract_of(column), "things")
    said = json.loads(json.dumps(schema, allow_nan=False))["properties"]["c"]
    assert said.get("x-also", []) == [check.name for check in column.checks]


def test_checks_that_no_request_is_held_to_are_named():
    contract = Contract("Things", "things:Things", (Column("c", "bool"),), custom=("adds up",))
    assert json_schema(contract, "things")["x-not-checked"] == ["adds up"]
