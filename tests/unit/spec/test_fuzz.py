"""Whatever the text is: a Pipeline, or sentences with places; never anything else."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from moorage.errors import SpecError
from moorage.spec import Pipeline, parse_parameter, read_pipeline

EXAMPLES = [path.read_bytes() for path in sorted(Path(__file__).parents[3].glob("pipelines/*/pipeline.yaml"))]
WORDS = (
    "name", "parameters", "code", "include", "defaults", "steps", "run", "command", "bento", "path", "model", "require",
    "approval", "by", "inputs", "outputs", "after", "resources", "cpu", "memory", "gpu", "count", "nodes", "spot",
    "retries", "limit", "on", "backoff", "timeout", "queue", "start", "secrets", "image", "cache", "from", "uri",
    "kind", "contract", "on_breach", "drift", "against", "first", "is", "on_failure",
)  # fmt: skip
VALUES = (
    "a", "b", "a.b", "a.b.c", "m:f", "${parameters.x}", "$${x}", "${", "table", "model", "metrics", "bento", "1h",
    "16GiB", ">= 1", "pass", "A/b", "", "\x85", "😀", "-", "? ", "&a", "*a", "!!str", "<<", "|", "\t", "capacity",
    "x" * 70,
)  # fmt: skip
PIECES = tuple(
    word.encode() for word in (*WORDS, *VALUES, ": ", "\n", "  ", "- ", "[", "]", "{", "}", "'", '"', "#", "---")
)

words = st.sampled_from(WORDS) | st.sampled_from(VALUES) | st.text(max_size=6)
leaves = st.sampled_from(VALUES) | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
structures = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5), max_leaves=25
)


def outcome(data: bytes, parameters: dict[str, JsonValue] | None = None) -> Pipeline | None:
    """Return the pipeline in `data`; None when it was refused with a place for every problem."""
    try:
        pipeline = read_pipeline(data, "p.yaml", Path("/nowhere"), parameters)
    except SpecError as refused:
        problems = refused.problems
    else:
        assert Pipeline.model_validate_json(pipeline.model_dump_json(by_alias=True)) == pipeline
        return pipeline
    for problem in problems:
        assert problem.message
        assert problem.where
        assert problem.where.file == "p.yaml"
        assert problem.where.line
        assert "should be" not in problem.message
    return None


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes):
    outcome(data)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
def test_any_text_of_the_words_of_a_spec(data: bytes):
    outcome(data)


@given(structures)
def test_any_structure(value: JsonValue):
    outcome(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


@given(st.dictionaries(st.sampled_from(WORDS), structures, max_size=8), structures)
def test_any_step(fields: dict[str, JsonValue], parameters: JsonValue):
    spec = {"name": "a", "parameters": parameters, "steps": [{"name": "s", "run": "m:f"}, {"name": "t", **fields}]}
    outcome(json.dumps(spec, ensure_ascii=False).encode("utf-8", "replace"))


@given(st.sampled_from(EXAMPLES), st.randoms(use_true_random=False), st.integers(min_value=1, max_value=6))
def test_a_good_spec_with_mistakes_in_it(text: bytes, chance: random.Random, mistakes: int):
    for _ in range(mistakes):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 0, 1, 2, 8, 40)))
        text = text[:start] + chance.choice((b"", *PIECES, text[end : end + 30])) + text[end:]
    outcome(text)


@given(st.dictionaries(words, structures, max_size=3))
def test_any_parameters(parameters: dict[str, JsonValue]):
    outcome(EXAMPLES[0], parameters)


@given(st.text(max_size=20) | words.map(lambda text: f"x={text}") | st.text("x={}[]'\"\\,: &*!\ud800", max_size=12))
def test_any_parameter_on_the_command_line(text: str):
    try:
        name, _value = parse_parameter(text)
    except SpecError as refused:
        problems = refused.problems
    else:
        assert text.startswith(f"{name}=")
        return
    assert all(problem.message and problem.fix for problem in problems)


def test_the_examples_are_good():
    assert len(EXAMPLES) >= 2
    assert all(outcome(text) for text in EXAMPLES)


@pytest.mark.parametrize("text", [b"\r", b"\r\r\r:", b"a: \xe2\x80\xa8b\n", b"a:\r\n  - b\r\n", b"\xc2\x85a: ["])
def test_odd_line_breaks_have_places_too(text: bytes):
    assert outcome(text) is None
