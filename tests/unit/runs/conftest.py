"""A run on the imaginary platform, driven to its end in no time."""

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from moorage.journal import Journal, RunRecord
from moorage.plan.planning import Draft
from moorage.runs.driver import Driver
from moorage.runs.making import make_run, read_resolved
from moorage.spec.models import Pipeline
from tests.rigs.imaginary import Imaginary, Outcome, imaginary_place, memory_store, resolved

Script = Mapping[tuple[str, int], Outcome]


class Stage:
    """One imaginary platform, and the runs that are driven on it."""

    def __init__(self, project: Path, script: Script, cpu: float | None) -> None:
        self.store = memory_store(uuid.uuid4().hex)
        self.platform = Imaginary(self.store, script)
        self.place = imaginary_place(self.platform, project, cpu)

    def make(self, pipeline: Pipeline) -> str:
        """Make a run and return its id."""
        return make_run(self.place, Draft(resolved(pipeline, self.store), None, {}))

    def driver(self, run: str, name: str = "one") -> Driver:
        """Return a driver of that run, on the platform's clock."""
        journal = Journal.open(self.store, run, name)
        self.platform.now = max(self.platform.now, journal.record.created)
        frozen = read_resolved(self.store, run)
        return Driver(self.place, frozen, journal, name, lambda record, event: None, self.platform.clock)

    def drive(self, pipeline: Pipeline) -> RunRecord:
        """Make a run, drive it to its end, and return how it ended."""
        return self.driver(self.make(pipeline)).drive()


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., Stage]:
    """Return a function that sets a stage: a script of outcomes, and how many CPUs there are."""

    def set_stage(script: Script | None = None, cpu: float | None = None) -> Stage:
        return Stage(tmp_path, script or {}, cpu)

    return set_stage


@pytest.fixture
def pipeline() -> Callable[..., Pipeline]:
    """Return a function that builds a pipeline from steps as dictionaries; a step runs unless it says otherwise.

    Each step has a parameter of its own: steps that are the same share one key, and so one result.
    """

    def build(*steps: Mapping[str, Any], **fields: Any) -> Pipeline:
        kinds = {"run", "command", "bento", "require", "approval"}
        full = [
            step if kinds & set(step) else {"run": "acme.steps:work", "parameters": {"who": step["name"]}, **step}
            for step in steps
        ]
        return Pipeline.model_validate({"name": "acme", "steps": full, **fields})

    return build
