"""The published JSON Schema: current, good for the examples, and a judge of typical mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from moorage.spec import json_schema
from moorage.spec.yaml import parse

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted(ROOT.glob("pipelines/*/pipeline.yaml"))
SCHEMA = Draft202012Validator(json_schema())


def spec(**fields: Any) -> dict[str, Any]:
    return {"name": "a", "steps": [{"name": "s", "run": "m:f", **fields}]}


def test_the_committed_schema_is_current():
    committed = json.loads((ROOT / "docs" / "pipeline.schema.json").read_text())
    assert committed == json_schema(), "run: moorage schema > docs/pipeline.schema.json"


def test_it_is_a_schema():
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_examples_satisfy_it(example: Path):
    assert [error.message for error in SCHEMA.iter_errors(parse(example.read_bytes(), "x").root.value)] == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"retries": 3},
        {"retries": {"limit": 3, "on": ["capacity"], "backoff": "30s"}},
        {"timeout": "1h30m"},
        {"timeout": "${parameters.t}"},
        {"timeout": {"queue": "1h", "run": "${parameters.t}"}},
        {"inputs": {"a": "b.c", "d": {"from": "b.c", "contract": "m:C"}, "e": {"uri": None, "kind": "table"}}},
        {"outputs": {"a": {"kind": "table", "drift": {"against": "production"}}}},
        {"resources": {"cpu": "${parameters.x}", "memory": "16GiB", "gpu": {"name": "A10G", "count": 1}, "spot": True}},
        {"resources": "${parameters.resources}"},
        {"resources": {"gpu": {"name": ["A10G", "L4"], "memory": "24GiB"}}},
        {"parameters": {"x": [1, {"y": None}]}, "secrets": {"TOKEN": "a/b"}, "cache": False, "start": "fork"},
    ],
)
def test_what_is_read_satisfies_it(fields: dict[str, Any]):
    assert [error.message for error in SCHEMA.iter_errors(spec(**fields))] == []


def test_gates_satisfy_it():
    gate = {"name": "g", "require": {"s.t.rows": "> 1", "s.t.drift": {"is": "<= 0.2", "first": "pass"}}}
    assert SCHEMA.is_valid({"name": "a", "steps": [gate, {"name": "ok", "approval": {}}]})


@pytest.mark.parametrize(
    "fields",
    [
        {"tiemout": "5m"},
        {"timeout": 30},
        {"timeout": "30"},
        {"retries": "many"},
        {"retries": {"on": ["never"]}},
        {"resources": {"memory": 16}},
        {"resources": {"spot": "yes"}},
        {"resources": {"cpu": "4"}},
        {"outputs": {"a": "table"}},
        {"outputs": {"a": {"kind": "tabel"}}},
        {"outputs": {"A": {"kind": "table"}}},
        {"command": ["echo"]},
        {"run": "module.function"},
        {"secrets": {"token": "a/b"}},
        {"name": "S"},
    ],
)
def test_typical_mistakes_do_not(fields: dict[str, Any]):
    assert not SCHEMA.is_valid(spec(**fields))


def test_neither_does_a_step_that_does_nothing():
    assert not SCHEMA.is_valid({"name": "a", "steps": [{"name": "s"}]})
    assert not SCHEMA.is_valid({"name": "a", "steps": []})
    assert not SCHEMA.is_valid({"steps": [{"name": "s", "run": "m:f"}]})
