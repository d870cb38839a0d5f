"""The record of one pipeline is the same on every platform: which data, code and contract made what."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from moorage.environments import Environment
from moorage.journal import Journal, RunRecord, StepRecord
from moorage.plan.planning import draft
from moorage.runs.driver import Driver
from moorage.runs.making import make_run, read_resolved
from moorage.runs.place import Place
from moorage.spec import load
from moorage.states import RunState
from tests.rigs.base import Rig

GOLDEN = Path(__file__).parents[1] / "golden" / "lineage.json"
SHOP = Path(__file__).with_name("shop")
NEVER_THE_SAME = ("image", "code")
"""Parts of a step's key that say where it ran; `code` moves with the tests' own files."""


@pytest.fixture
def place(rig: Rig, tmp_path: Path) -> Iterator[Place]:
    """The rig as an environment."""
    rig.store.ensure()
    environment = Environment(
        name="suite", platform=rig.platform, target=rig.target.model_dump(mode="json"), store=rig.store.uri
    )
    found = Place(tmp_path, environment, rig.store, rig.adapter, rig.target)
    yield found
    found.connection.close()


def drive(place: Place) -> RunRecord:
    """Return how the shop's pipeline ends there."""
    pipeline = load(SHOP / "pipeline.yaml")
    run = make_run(place, draft(pipeline, SHOP, "suite", place.store, place.adapter))
    journal = Journal.open(place.store, run, "suite")
    return Driver(place, read_resolved(place.store, run), journal, "suite", lambda record, event: None).drive()


def test_the_record_of_a_pipeline_is_the_same_everywhere(place: Place) -> None:
    record = drive(place)
    assert record.state is RunState.FAILED
    assert lineage(record) == json.loads(GOLDEN.read_text())


def test_a_second_run_takes_what_the_first_one_made(place: Place) -> None:
    first, second = drive(place), drive(place)
    made = {name: step.outputs for name, step in first.steps.items() if step.state.has_outputs and step.outputs}
    assert {name: second.steps[name].outputs for name in made} == made
    assert {second.steps[name].cached_from for name in made} == {first.id}


def lineage(record: RunRecord) -> Mapping[str, Any]:
    """Return what a record says, ids and times aside."""
    return {name: dict(_said(step)) for name, step in record.steps.items()}


def _said(step: StepRecord) -> Iterator[tuple[str, Any]]:
    yield "state", step.state.value
    yield "cause", step.cause.value if step.cause else None
    yield "message", step.message
    yield "attempts", [attempt.cause.value if attempt.cause else None for attempt in step.attempts]
    yield "parts", {name: text for name, text in step.parts.items() if name not in NEVER_THE_SAME}
    yield (
        "outputs",
        {name: [artifact.kind, artifact.digest, artifact.size] for name, artifact in step.outputs.items()},
    )
