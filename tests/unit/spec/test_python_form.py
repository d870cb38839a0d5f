"""The same pipeline from YAML, from Python and from its own JSON is one frozen object."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from moorage.errors import SpecError
from moorage.spec import load, validate
from moorage.spec.models import (
    Approval,
    Bento,
    Defaults,
    Drift,
    Gpu,
    Input,
    Kind,
    Limit,
    OnBreach,
    Output,
    Pipeline,
    Resources,
    Retries,
    Step,
    Timeout,
)  # fmt: skip
from moorage.spec.units import format_duration, format_size_gib, parse_duration, parse_size_gib
from moorage.states import Cause

EXAMPLES = sorted(Path(__file__).parents[3].glob("pipelines/*/pipeline.yaml"))

TEXT = """
name: loans
parameters: {rows: 200000, note: "$${rows}"}
code: [..]
defaults: {timeout: {queue: 2h, run: 30m}, retries: 1}
steps:
  - name: ingest
    run: acme_loans.steps:ingest
    parameters: {rows: "${parameters.rows}", note: "${parameters.note}", price: "$${5}"}
    inputs: {raw: {uri: s3://bucket/raw.csv, kind: table, contract: "acme_loans.contracts:Raw"}}
    outputs:
      applications:
        kind: table
        contract: "acme_loans.contracts:Applications"
        on_breach: quarantine
        drift: {against: production}
  - name: train
    run: acme_loans.steps:train
    inputs: {applications: ingest.applications}
    outputs: {model: {kind: model}, scores: {kind: metrics}}
    resources: {cpu: 4, memory: 16GiB, gpu: {name: [A10G, L4], count: 1}, spot: true}
    retries: {limit: 3, on: [interrupted, capacity], backoff: 30s}
    timeout: {run: 2h}
    secrets: {TOKEN: loans/token}
  - name: gate
    require: {train.scores.auc: ">= 0.75", ingest.applications.drift: {is: "<= 0.2", first: pass}}
  - {name: approve, approval: {by: [risk-team]}, after: [gate]}
  - {name: package, bento: {path: ../bentos/loans, model: loans}, inputs: {model: train.model}, after: [approve]}
  - {name: tell, command: [echo, "$${HOME}"], after: [package], cache: false, start: fork}
"""


STEPS = (
    Step(
        name="ingest",
        run="acme_loans.steps:ingest",
        parameters={"rows": "${parameters.rows}", "note": "${parameters.note}", "price": "$${5}"},
        inputs={"raw": Input(uri="s3://bucket/raw.csv", kind=Kind.TABLE, contract="acme_loans.contracts:Raw")},
        outputs={
            "applications": Output(
                kind=Kind.TABLE,
                contract="acme_loans.contracts:Applications",
                on_breach=OnBreach.QUARANTINE,
                drift=Drift(against="production"),
            )
        },
    ),
    Step(
        name="train",
        run="acme_loans.steps:train",
        inputs={"applications": Input(from_="ingest.applications")},
        outputs={"model": Output(kind=Kind.MODEL), "scores": Output(kind=Kind.METRICS)},
        resources=Resources(cpu=4, memory_gib=16.0, gpu=Gpu(name=("A10G", "L4"), count=1), spot=True),
        retries=Retries(limit=3, on=(Cause.INTERRUPTED, Cause.CAPACITY), backoff=30.0),
        timeout=Timeout(run=7200.0),
        secrets={"TOKEN": "loans/token"},
    ),
    Step(
        name="gate",
        require={
            "train.scores.auc": Limit(is_=">= 0.75"),
            "ingest.applications.drift": Limit(is_="<= 0.2", first="pass"),
        },
    ),
    Step(name="approve", approval=Approval(by=("risk-team",)), after=("gate",)),
    Step(
        name="package",
        bento=Bento(path="../bentos/loans", model="loans"),
        inputs={"model": Input(from_="train.model")},
        after=("approve",),
    ),
    Step(name="tell", command=("echo", "$${HOME}"), after=("package",), cache=False, start="fork"),
)


def in_python() -> Pipeline:
    return Pipeline(
        name="loans",
        parameters={"rows": 200000, "note": "$${rows}"},
        code=("..",),
        defaults=Defaults(timeout=Timeout(queue=7200.0, run=1800.0), retries=Retries(limit=1)),
        steps=STEPS,
    )


def test_yaml_and_python_are_the_same_object(read: Callable[..., Pipeline]):
    pipeline = read(TEXT)
    assert pipeline == in_python()
    assert pipeline.step("ingest").parameters == {"rows": 200000, "note": "${rows}", "price": "${5}"}
    assert pipeline.step("train").timeout == Timeout(queue=7200.0, run=7200.0)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_survives_its_own_json(example: Path):
    pipeline = load(example)
    assert Pipeline.model_validate_json(pipeline.model_dump_json(by_alias=True)) == pipeline


def test_json_gives_the_same_object_again_and_again():
    pipeline = in_python()
    text = pipeline.model_dump_json(by_alias=True)
    again = Pipeline.model_validate_json(text)
    assert again == pipeline
    assert again.model_dump_json(by_alias=True) == text
    assert Pipeline.model_validate(pipeline.model_dump(mode="json", by_alias=True)) == pipeline


def test_a_pipeline_is_frozen():
    pipeline = in_python()
    with pytest.raises(ValidationError):
        pipeline.name = "other"  # type: ignore[misc]


def test_what_is_wrong_in_python_is_said_at_once():
    steps = (Step(name="a", run="m:f", after=("b",)), Step(name="gate", approval=Approval()))
    with pytest.raises(SpecError) as caught:
        validate(Pipeline(name="p", steps=steps))
    assert len(caught.value.problems) == 2
    validate(in_python())


@given(st.floats(min_value=1e-6, max_value=366 * 86400.0))
def test_a_duration_is_written_so_that_it_is_read_again(seconds: float):
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.floats(min_value=1e-6, max_value=2.0**20))
def test_a_size_is_written_so_that_it_is_read_again(gib: float):
    assert parse_size_gib(format_size_gib(gib)) == gib


def test_units_are_written_as_people_do():
    assert [format_duration(seconds) for seconds in (5400.0, 0.25, 90061.0)] == ["1h30m", "250ms", "1d1h1m1s"]
    assert [format_size_gib(gib) for gib in (16.0, 0.5, 1.5)] == ["16GiB", "512MiB", "1.5GiB"]
