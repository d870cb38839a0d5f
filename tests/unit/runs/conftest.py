"""A run on the imaginary platform, driven to its end in no time."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from moorage.spec.models import Pipeline
from tests.rigs.stage import Script, Stage


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
