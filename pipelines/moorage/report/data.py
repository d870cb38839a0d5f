"""What a page tells, gathered from the store and frozen: the pages are pure functions of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from moorage.contracts.profile import Profile
from moorage.journal import AttemptRecord, RunRecord, StepRecord
from moorage.models import ModelVersion
from moorage.plan.resolved import Resolved
from moorage.runs.why import Why
from moorage.spec.models import Step
from moorage.states import RunState
from moorage.step.request import Artifact, StepResult


@dataclass(frozen=True)
class AttemptData:
    """One attempt: the driver's record, the job's own result if it left one, and the end of its log.

    `log` holds `<UTC time> <text>` lines; `is_log_whole` is False when there were more before them.
    """

    record: AttemptRecord
    result: StepResult | None = None
    log: tuple[str, ...] = ()
    is_log_whole: bool = True

    @property
    def started(self) -> datetime | None:
        """When the job's process began, as it says itself, else as the driver saw it."""
        return _time(self.result.started if self.result else None) or self.record.started


@dataclass(frozen=True)
class InputData:
    """What a step read: `run` and `step` made it; both are None for something from outside."""

    name: str
    artifact: Artifact | None
    run: str | None = None
    step: str | None = None
    output: str | None = None
    uri: str | None = None


@dataclass(frozen=True)
class OutputData:
    """What a step left: who read it here, later runs that took it from the cache, models that it became."""

    name: str
    artifact: Artifact
    profile: Profile | None = None
    quarantined: Artifact | None = None
    readers: tuple[str, ...] = ()
    later_runs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepData:
    """One step of the run; `results` are those of another run where the step was cached."""

    spec: Step
    record: StepRecord
    why: Why
    attempts: tuple[AttemptData, ...] = ()
    cached_result: StepResult | None = None
    inputs: tuple[InputData, ...] = ()
    outputs: tuple[OutputData, ...] = ()

    @property
    def name(self) -> str:
        """The step's name."""
        return self.spec.name

    @property
    def result(self) -> StepResult | None:
        """What the newest attempt said of itself, or the attempt whose outputs were taken from the cache."""
        return self.attempts[-1].result if self.attempts else self.cached_result


@dataclass(frozen=True)
class ReportData:
    """A run as it stood at `now`; `later_runs_seen` is how many later runs were looked through for lineage."""

    record: RunRecord
    state: RunState
    now: datetime
    resolved: Resolved
    store: str
    steps: tuple[StepData, ...]
    models: tuple[ModelVersion, ...] = ()
    stages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    later_runs_seen: int = 0

    def step(self, name: str) -> StepData:
        """Return the step of that name; KeyError when there is none."""
        return self.by_name[name]

    @property
    def by_name(self) -> Mapping[str, StepData]:
        """The steps by their names."""
        return {step.name: step for step in self.steps}

    @property
    def end(self) -> datetime:
        """When the run ended, or `now`."""
        return self.record.finished or self.now

    @property
    def metrics(self) -> Mapping[str, Mapping[str, float]]:
        """The numbers that the steps left, by `step.output`."""
        found = ((step.name, item) for step in self.steps for item in step.outputs)
        return {f"{name}.{item.name}": item.artifact.metrics for name, item in found if item.artifact.metrics}

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """The profiles of the tables that the steps left, by `step.output`."""
        found = ((step.name, item) for step in self.steps for item in step.outputs)
        return {f"{name}.{item.name}": item.profile for name, item in found if item.profile is not None}


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
