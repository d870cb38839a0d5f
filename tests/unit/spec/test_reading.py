"""From text to a Pipeline: shape, shorthands, and every problem with its place and its fix."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import JsonValue

from moorage.errors import SpecError
from moorage.spec import Pipeline, document, load, parse_parameter
from moorage.spec.models import Gpu, Kind, OnFailure, Resources, Retries, Timeout
from moorage.states import RETRYABLE, Cause

ONE = "name: a\nsteps:\n  - name: s\n    run: m:f\n"


def test_shorthands_are_read(read: Callable[..., Pipeline]):
    step = read(
        ONE + "    retries: 2\n    timeout: 1h30m\n    resources: {cpu: 4, memory: 512MiB, gpu: {name: A10G}}\n"
        "    outputs: {t: {kind: table}}\n  - {name: g, require: {s.t.rows: '> 0'}}\n"
        "  - {name: u, run: 'm:f', inputs: {t: s.t}, after: [g]}\n"
    ).steps
    assert step[0].retries == Retries(limit=2)
    assert step[0].timeout == Timeout(run=5400.0)
    assert step[0].resources == Resources(cpu=4, memory_gib=0.5, gpu=Gpu(name=("A10G",)))
    assert step[1].require
    assert step[1].require["s.t.rows"].is_ == "> 0"
    assert step[2].inputs["t"].source == ("s", "t")


def test_fields_that_are_left_out_have_defaults(read: Callable[..., Pipeline]):
    pipeline = read(ONE)
    step = pipeline.step("s")
    assert (pipeline.on_failure, step.retries.limit, step.retries.on, step.cache) == (
        OnFailure.FINISH, 0, RETRYABLE, True,
    )  # fmt: skip
    assert step.timeout.queue == 86400.0


def test_defaults_are_in_the_steps_that_do_not_say_otherwise(read: Callable[..., Pipeline]):
    pipeline = read(
        "name: a\ndefaults: {timeout: {run: 30m, queue: 2h}, retries: {limit: 1, on: [capacity]}, cache: false}\n"
        "steps:\n"
        "  - {name: plain, run: 'm:f', outputs: {t: {kind: table}}}\n"
        "  - {name: own, run: 'm:f', timeout: 5m, retries: 3, cache: true, after: [gate]}\n"
        "  - {name: gate, require: {plain.t.rows: '> 0'}}\n"
    )
    plain, own, gate = pipeline.steps
    assert (plain.timeout.run, plain.timeout.queue, plain.cache) == (1800.0, 7200.0, False)
    assert (own.timeout.run, own.timeout.queue, own.cache) == (300.0, 7200.0, True)
    assert own.retries == Retries(limit=3, on=(Cause.CAPACITY,))
    assert gate.cache is True
    assert gate.timeout == Timeout()


def test_the_order_of_keys_is_kept(read: Callable[..., Pipeline]):
    text = ONE + "    parameters: {z: 1, a: 2, m: 3}\n"
    assert list(read(text).steps[0].parameters) == ["z", "a", "m"]


def test_a_bento_step_has_the_output_bento(read: Callable[..., Pipeline]):
    pipeline = read(
        "name: a\nsteps:\n  - {name: t, run: 'm:f', outputs: {model: {kind: model}}}\n"
        "  - {name: p, bento: {path: b, model: m}, inputs: {model: t.model}}\n"
        "  - {name: d, run: 'm:g', inputs: {b: p.bento}}\n"
    )
    assert pipeline.step("p").all_outputs["bento"].kind is Kind.BENTO
    assert pipeline.step("d").dependencies == ("p",)


@pytest.mark.parametrize(
    ("line", "seen", "fix"),
    [
        ("tiemout: 5m", "5:5: step 's' has no key 'tiemout'", "did you mean 'timeout'?"),
        ("timeout: 30", "5:14: `timeout.run` of step 's': 30 is not a duration", "write a number and a unit"),
        ("timeout: 0s", "5:14: `timeout.run` of step 's': '0s' is out of range", ""),
        ("timeout: {rnu: 5m}", "5:15: `timeout` of step 's' has no key 'rnu'", "did you mean 'run'?"),
        ("resources: {memory: 16}", "5:25: `resources.memory` of step 's': 16 is not a size", ""),
        ("resources: {cpu: '4'}", "5:22: `resources.cpu` of step 's' is '4'", "write a number"),
        ("resources: {cpu: 0}", "5:22: `resources.cpu` of step 's' is 0", "write more than 0"),
        ("resources: {cpu: 2000}", "", "write at most 1024"),
        ("resources: {nodes: 1.5}", "`resources.nodes` of step 's' is 1.5", "write a whole number"),
        ("resources: {spot: yes}", "`resources.spot` of step 's' is 'yes'", "write true or false"),
        ("resources: {gpu: {count: 99}}", "`resources.gpu.count` of step 's' is 99", "write at most 16"),
        ("retries: many", "`retries.limit` of step 's' is 'many'", "write a whole number"),
        ("retries: true", "`retries.limit` of step 's' is true", "write a whole number"),
        ("retries: {on: [intrrupted]}", "`retries.on.0` of step 's' is 'intrrupted'", "write one of"),
        ("outputs: {t: table}", "`outputs.t` of step 's' is 'table'", "write a mapping: {kind: table}"),
        ("outputs: {t: {kind: tabel}}", "`outputs.t.kind` of step 's' is 'tabel'", "write one of `table`"),
        ("outputs: {T: {kind: table}}", "5:15: name 'T' in `outputs` of step 's' is 'T'", "write lower-case"),
        ("inputs: {t: 5}", "`inputs.t` of step 's' is 5", "write `step.output`"),
        ("inputs: {t: a.b.c}", "`inputs.t.from` of step 's' is 'a.b.c'", "write `step.output`"),
        ("secrets: {TOKEN: x}", "`secrets.TOKEN` of step 's' is 'x'", "write `name/key` of a secret"),
        ("secrets: {token: a/b}", "name 'token' in `secrets` of step 's'", ""),
        ("image: ''", "`image` of step 's' is ''", "write some text"),
        ("start: thread", "`start` of step 's' is 'thread'", "write `interpreter` or `fork`"),
        ("command: [echo]", "3:5: step 's': a step does one thing, this one has run and command", "give exactly one"),
        (f"parameters: {{{'x' * 65}: 1}}", "`parameters` of step 's'", "at most 64 characters"),
    ],
)
def test_a_wrong_field_of_a_step_is_said_with_its_place_and_a_fix(
    wrong: Callable[..., str], line: str, seen: str, fix: str
):
    said = wrong(f"{ONE}    {line}\n")
    assert seen in said
    assert fix in said
    assert "should be" not in said
    assert "invalid" not in said.lower()


@pytest.mark.parametrize(
    ("text", "seen", "fix"),
    [
        ("nam: a\nsteps:\n  - name: s\n    run: m:f\n", "1:1: the pipeline has no key 'nam'", "did you mean 'name'?"),
        ("steps:\n  - name: s\n    run: m:f\n", "1:1: the pipeline has no `name`", "add `name`"),
        (
            "name: A_b\nsteps:\n  - name: s\n    run: m:f\n",
            "1:7: `name` of the pipeline is 'A_b'",
            "write 1 to 32 lower-case",
        ),
        ("name: 5\nsteps:\n  - name: s\n    run: m:f\n", "1:7: `name` of the pipeline is 5", "write text, in quotes"),
        ("name: a\nsteps: []\n", "2:8: `steps` of the pipeline is an empty list", "write at least one entry"),
        ("name: a\nsteps: {}\n", "2:8: `steps` of the pipeline is an empty mapping", "write a list"),
        ("name: a\nsteps: [5]\n", "2:9: step 1 is 5", "write a mapping: {name: train, run: ...}"),
        (
            "name: a\nsteps:\n  - name: s\n    run: m.f\n",
            "4:10: `run` of step 's' is 'm.f'",
            "write `package.module:name`",
        ),
        ("name: a\nsteps:\n  - name: s\n", "3:5: step 's': it says nothing to do", "give exactly one of run"),
        ("name: a\nsteps:\n  - {name: s, command: []}\n", "`command` of step 's' is an empty list", ""),
        ("name: a\nsteps:\n  - {name: s, require: {a.b.c: high}}\n", "`require.a.b.c.is` of step 's' is 'high'", ""),
        ("name: a\nsteps:\n  - {name: s, require: {a.b: '> 1'}}\n", "name 'a.b' in `require` of step 's'", ""),
        (
            "name: a\nsteps:\n  - name: s\n    run: m:f\non_failure: ignore\n",
            "`on_failure` of the pipeline is 'ignore'",
            "write one of `finish`, `stop`",
        ),
    ],
)
def test_a_wrong_shape_is_said_with_its_place_and_a_fix(wrong: Callable[..., str], text: str, seen: str, fix: str):
    said = wrong(text)
    assert seen in said
    assert fix in said


def test_all_problems_are_said_at_once_in_the_order_of_the_file(wrong: Callable[..., str]):
    said = wrong("nam: a\nsteps:\n  - {name: S, run: 'm:f', timeout: 3}\n  - {name: t, cache: 1}\n")
    places = [line.split(": ")[0].partition(":")[2] for line in said.splitlines() if line.startswith("pipeline.yaml")]
    assert places == ["1:1", "1:1", "3:12", "3:36", "4:22"]


def test_a_file_is_named_as_it_is_seen_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "sub").mkdir()
    spec = tmp_path / "sub" / "p.yaml"
    spec.write_text("name: A\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"^sub/p\.yaml:1:1"):
        load(spec)
    monkeypatch.chdir(tmp_path / "sub")
    with pytest.raises(SpecError, match=r"^p\.yaml:1:1"):
        load("p.yaml")


@pytest.mark.parametrize("name", ["missing.yaml", "folder", "loop.yaml", "nul\0.yaml"])
def test_a_file_that_cannot_be_read_gets_a_sentence(tmp_path: Path, name: str):
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    with pytest.raises(SpecError) as caught:
        load(tmp_path / name)
    assert caught.value.problems[0].where
    assert caught.value.problems[0].fix


def test_a_document_says_where_things_are(tmp_path: Path):
    (tmp_path / "p.yaml").write_text(ONE)
    assert document(tmp_path / "p.yaml").where(("steps", 0, "run")).line == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x=1", 1), ("x=1.5", 1.5), ("x=true", True), ("x=null", None), ("x=", None), ("x=on", "on"), ("x=a b", "a b"),
        ("x=s3://b/k: v", "s3://b/k: v"), ("x=#5", "#5"), ("x=*a", "*a"), ("x=a=b", "a=b"),
        ("x=[1, {a: b}]", [1, {"a": "b"}]),
        ("x={a: 1}", {"a": 1}), ('x="007"', "007"), ("x='1'", "1"), ("x=${y}", "${y}"),
    ],
)  # fmt: skip
def test_a_parameter_is_read_as_yaml_reads_it(text: str, value: JsonValue):
    assert parse_parameter(text) == ("x", value)


@pytest.mark.parametrize(
    "text", ["x", "", "=1", "X=1", "a-b=1", "x=[1", "x={a: 1, a: 2}", "x='", "x=[!!set a]", 'x="\udcff"', "x=\ud800"]
)
def test_a_parameter_that_cannot_be_read_gets_a_sentence(text: str):
    with pytest.raises(SpecError) as caught:
        parse_parameter(text)
    assert caught.value.problems[0].fix


def test_what_stands_below_an_unknown_key_is_not_judged(wrong: Callable[..., str]):
    said = wrong(ONE.replace("steps:", "step:") + "    parameters: {x: '${parameters.x}'}\n")
    assert "no key 'step'" in said
    assert "where no reference may stand" not in said
