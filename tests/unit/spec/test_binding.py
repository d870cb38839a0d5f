"""References to parameters, and paths from outside."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from moorage.errors import SpecError
from moorage.spec import Pipeline, load
from moorage.spec.binding import bind, escaped

HEAD = "name: a\nparameters: {n: 5, t: 2m, text: hello, none: null, deep: {a: [1, 2]}, cost: '$${n}'}\nsteps:\n"
STEP = HEAD + "  - name: s\n    run: m:f\n"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_a_reference_keeps_the_type_of_its_value(read: Callable[..., Pipeline]):
    step = read(
        STEP + "    parameters: {n: '${parameters.n}', none: '${parameters.none}', deep: {x: ['${parameters.deep}']}}\n"
        "    timeout: {queue: '${parameters.t}'}\n    resources: {cpu: '${parameters.n}', nodes: '${parameters.n}'}\n"
    ).steps[0]
    assert step.parameters == {"n": 5, "none": None, "deep": {"x": [{"a": [1, 2]}]}}
    assert (step.timeout.queue, step.resources.cpu, step.resources.nodes) == (120.0, 5.0, 5)


def test_a_whole_timeout_and_defaults_may_be_references(read: Callable[..., Pipeline]):
    pipeline = read(HEAD + "  - {name: s, run: 'm:f', timeout: '${parameters.t}'}\n  - {name: t, run: 'm:f'}\n"
                    "defaults: {timeout: {run: '${parameters.t}'}, resources: {cpu: '${parameters.n}'}}\n")  # fmt: skip
    assert pipeline.step("s").timeout.run == pipeline.step("t").timeout.run == 120.0
    assert pipeline.step("t").resources.cpu == 5.0


def test_an_override_takes_the_place_of_the_specs_own_value(read: Callable[..., Pipeline]):
    pipeline = read(STEP + "    parameters: {n: '${parameters.n}'}\n", {"n": "many"})
    assert pipeline.parameters["n"] == "many"
    assert pipeline.step("s").parameters["n"] == "many"


def test_two_dollars_are_a_literal_one(read: Callable[..., Pipeline]):
    pipeline = read(
        STEP + "    parameters: {a: '$${parameters.n}', b: '${parameters.cost}', c: 'x$${y}z', d: '$x {y}'}\n"
        "  - {name: t, command: [sh, -c, 'echo $${HOME}']}\n"
    )
    assert pipeline.step("s").parameters == {"a": "${parameters.n}", "b": "${n}", "c": "x${y}z", "d": "$x {y}"}
    assert pipeline.step("t").command == ("sh", "-c", "echo ${HOME}")


def test_an_override_is_never_a_reference(read: Callable[..., Pipeline]):
    pipeline = read(STEP + "    parameters: {t: '${parameters.text}'}\n", {"text": "${parameters.n} $${x}"})
    assert pipeline.step("s").parameters["t"] == "${parameters.n} $${x}"
    assert Pipeline.model_validate_json(pipeline.model_dump_json(by_alias=True)) == pipeline


@pytest.mark.parametrize(
    ("line", "place", "seen"),
    [
        ("parameters: {a: '${parameters.m}'}", "6:21", "no parameter 'm'"),
        ("parameters: {a: [1, '${parameters.tex}']}", "6:25", "did you mean 'text'?"),
        ("parameters: {a: 'x ${parameters.n}'}", "6:21", "where a reference is only part of the text"),
        ("parameters: {a: '${n}'}", "6:21", "where a reference is only part of the text"),
        ("image: '${parameters.text}'", "6:12", "where no reference may stand"),
        ("retries: '${parameters.n}'", "6:14", "where no reference may stand"),
        ("after: ['${parameters.text}']", "6:13", "where no reference may stand"),
        ("inputs: {a: {uri: x, kind: '${parameters.text}'}}", "6:32", "where no reference may stand"),
        ("timeout: '${parameters.n}'", "6:14", "5 is not a duration"),
        ("parameters: {a: .nan}", "6:21", "which JSON cannot carry"),
    ],
)
def test_a_reference_that_cannot_be_bound_is_said(wrong: Callable[..., str], line: str, place: str, seen: str):
    said = wrong(f"{STEP}    {line}\n")
    assert f"pipeline.yaml:{place}: " in said
    assert seen in said


def test_no_reference_stands_in_the_parameters_themselves(wrong: Callable[..., str]):
    said = wrong("name: a\nparameters: {x: 1, y: '${parameters.x}'}\nsteps:\n  - {name: s, run: 'm:f'}\n")
    assert "pipeline.yaml:2:23: `parameters.y` of the pipeline is '${parameters.x}', where no reference may" in said


def test_an_override_that_the_spec_does_not_know_is_said(wrong: Callable[..., str]):
    assert "the spec has no parameter 'txet'\n  fix: did you mean 'text'?" in wrong(STEP, {"txet": 1})
    assert "which JSON cannot carry" in wrong(STEP, {"text": [float("inf")]})
    assert "which JSON cannot carry" in wrong(STEP, {"text": {"a": "\udcff"}})


def test_a_path_is_absolute_from_where_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "specs"
    folder.mkdir()
    (folder / "p.yaml").write_text(
        "name: a\nparameters: {src: x.csv}\nsteps:\n  - name: s\n    run: m:f\n    inputs:\n"
        "      a: {uri: ../data/a.csv, kind: table}\n      b: {uri: '${parameters.src}', kind: table}\n"
        "      c: {uri: s3://bucket/k, kind: table}\n      d: {uri: /abs/d, kind: table}\n"
    )
    monkeypatch.chdir(tmp_path)

    def uris(parameters: dict[str, JsonValue]) -> list[str | None]:
        return [item.uri for item in load("specs/p.yaml", parameters).steps[0].inputs.values()]

    others = ["s3://bucket/k", "/abs/d"]
    assert uris({}) == [f"{tmp_path}/data/a.csv", f"{folder}/x.csv", *others]
    assert uris({"src": "x.csv"}) == [f"{tmp_path}/data/a.csv", f"{tmp_path}/x.csv", *others]
    assert uris({"src": None})[1] is None


@given(JSON)
def test_what_is_escaped_binds_to_itself(value: JsonValue):
    tree = {"parameters": {}, "steps": [{"parameters": {"x": escaped(value)}}]}
    bound, findings = bind(tree, {})
    assert not findings
    assert bound["steps"][0]["parameters"]["x"] == value


def test_a_reference_that_cannot_be_bound_is_said_in_python_too():
    with pytest.raises(SpecError, match="did you mean 'rows'"):
        Pipeline.model_validate(
            {"name": "a", "parameters": {"rows": 1},
             "steps": [{"name": "s", "run": "m:f", "parameters": {"n": "${parameters.row}"}}]}
        )  # fmt: skip
