"""A run as Python sees it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property

from moorage.frozen import Frozen
from moorage.journal import RunRecord
from moorage.runs.summary import present_state
from moorage.states import RunState
from moorage.step.request import Artifact


class Run(Frozen):
    """A run as it stood when its driver stopped; `outputs` and `metrics` are by `step.output`."""

    record: RunRecord

    @property
    def id(self) -> str:
        """The run's id."""
        return self.record.id

    @property
    def state(self) -> RunState:
        """Where the run stands; waiting when only a person can take it further."""
        return present_state(self.record)

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return ((self.record.finished or datetime.now(UTC)) - self.record.created).total_seconds()

    @cached_property
    def outputs(self) -> Mapping[str, Artifact]:
        """What its steps left behind."""
        return {
            f"{step.name}.{name}": artifact
            for step in self.record.steps.values()
            for name, artifact in step.outputs.items()
        }

    @cached_property
    def metrics(self) -> Mapping[str, Mapping[str, float]]:
        """The numbers of its outputs of kind metrics."""
        return {name: artifact.metrics for name, artifact in self.outputs.items() if artifact.metrics is not None}
