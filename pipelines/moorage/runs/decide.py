"""What a driver does next: a pure function of the pipeline, the run's record, the time and the room.

Everything that makes one run mean the same on every platform is decided here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from moorage.journal import AttemptRecord, RunRecord, StepRecord
from moorage.ports import Capacity
from moorage.spec.models import OnFailure, Pipeline, Step, StepKind
from moorage.spec.units import format_duration
from moorage.states import RunState, State, StepState

RUN_MARGIN = timedelta(seconds=30)
"""The job ends itself at its run deadline; the driver steps in only when it did not."""


@dataclass(frozen=True)
class Start:
    """Look the step up in the cache, else begin its next attempt."""

    step: str


@dataclass(frozen=True)
class Judge:
    """Judge a gate from the artifacts that it names."""

    step: str


@dataclass(frozen=True)
class Ask:
    """Ask for an approval."""

    step: str


@dataclass(frozen=True)
class Settle:
    """End an approval as the verdict says."""

    step: str


@dataclass(frozen=True)
class Skip:
    """End a step that cannot run any more; `because` is a sentence."""

    step: str
    state: StepState
    because: str


@dataclass(frozen=True)
class Late:
    """End an attempt that is past a deadline; `because` is a sentence."""

    step: str
    because: str


@dataclass(frozen=True)
class Stop:
    """Cancel an attempt, since its run is being stopped."""

    step: str


@dataclass(frozen=True)
class End:
    """Nothing more can happen."""

    state: RunState


Action = Start | Judge | Ask | Settle | Skip | Late | Stop | End


def decide(pipeline: Pipeline, record: RunRecord, now: datetime, capacity: Capacity | None) -> tuple[Action, ...]:
    """Return what to do now, in the order of the spec; nothing when only time or a person can help."""
    if all(step.state.is_terminal for step in record.steps.values()):
        return (End(_end_state(record)),)
    if record.state is RunState.CANCELLING:
        return tuple(_cancelled(record))
    if pipeline.on_failure is OnFailure.STOP and _has_failed(record):
        return tuple(_stopped(record))
    return (*_late(pipeline, record, now), *_advanced(pipeline, record, now, capacity))


def next_time(pipeline: Pipeline, record: RunRecord) -> datetime | None:
    """Return when the passing of time alone next changes what `decide` says."""
    times = [step.not_before for step in record.steps.values() if step.state is StepState.RETRYING and step.not_before]
    for name, step in record.steps.items():
        if step.state.is_active and step.attempt:
            times.append(_deadline(pipeline.step(name), step.attempt)[0])
    return min(times, default=None)


def _end_state(record: RunRecord) -> RunState:
    if record.state is RunState.CANCELLING:
        return RunState.CANCELLED
    fine = all(step.state.has_outputs for step in record.steps.values())
    return RunState.SUCCEEDED if fine else RunState.FAILED


def _has_failed(record: RunRecord) -> bool:
    return any(step.state is StepState.FAILED for step in record.steps.values())


def _cancelled(record: RunRecord) -> Iterator[Action]:
    for step in record.steps.values():
        if step.state.is_active:
            yield Stop(step.name)
        elif not step.state.is_terminal:
            yield Skip(step.name, StepState.CANCELLED, "the run was cancelled")


def _stopped(record: RunRecord) -> Iterator[Action]:
    for step in record.steps.values():
        if step.state.is_active:
            yield Stop(step.name)
        elif not step.state.is_terminal:
            yield Skip(step.name, StepState.SKIPPED, "another step failed and the pipeline says on_failure: stop")


def _late(pipeline: Pipeline, record: RunRecord, now: datetime) -> Iterator[Action]:
    for name, step in record.steps.items():
        if step.state.is_active and step.attempt:
            deadline, because = _deadline(pipeline.step(name), step.attempt)
            if now > deadline:
                yield Late(name, because)


def _deadline(step: Step, attempt: AttemptRecord) -> tuple[datetime, str]:
    since = attempt.since or attempt.intended
    if attempt.started is not None:
        limit, at = step.timeout.run, attempt.started + RUN_MARGIN
        because = f"still running after its timeout.run of {format_duration(limit)}"
    elif attempt.state is State.QUEUED:
        limit, at = step.timeout.queue, attempt.submitted or attempt.intended
        because = f"found no place to run within its timeout.queue of {format_duration(limit)}"
    else:
        limit, at = step.timeout.start, since
        because = f"did not start within its timeout.start of {format_duration(limit)}"
    return at + timedelta(seconds=limit), because


def _advanced(pipeline: Pipeline, record: RunRecord, now: datetime, capacity: Capacity | None) -> Iterator[Action]:
    room = None if capacity is None else _room(pipeline, record, capacity)
    for step in pipeline.steps:
        stands = record.steps[step.name]
        if stands.state not in (StepState.WAITING, StepState.RETRYING):
            continue
        action = _next(step, stands, record.steps, now)
        if isinstance(action, Start) and room is not None:
            if not room.fits(step):
                continue
            room = room.less(step)
        if action is not None:
            yield action


def _next(step: Step, stands: StepRecord, steps: Mapping[str, StepRecord], now: datetime) -> Action | None:
    for name in step.dependencies:
        if steps[name].state.is_terminal and not steps[name].state.has_outputs:
            return Skip(step.name, StepState.SKIPPED, f"it waits for {name}, which {_ended_as(steps[name])}")
    if not all(steps[name].state.has_outputs for name in step.dependencies):
        return None
    if step.kind is StepKind.APPROVAL:
        return Settle(step.name) if stands.verdict else None if stands.asked else Ask(step.name)
    if step.kind is StepKind.GATE:
        return Judge(step.name)
    return Start(step.name) if stands.not_before is None or now >= stands.not_before else None


def _ended_as(step: StepRecord) -> str:
    return {StepState.FAILED: "failed", StepState.CANCELLED: "was cancelled"}.get(step.state, "was skipped")


@dataclass(frozen=True)
class _Room:
    cpu: float
    memory_gib: float
    gpus: int

    def fits(self, step: Step) -> bool:
        asked = step.resources
        gpus = asked.gpu.count if asked.gpu else 0
        return asked.cpu <= self.cpu + 1e-9 and asked.memory_gib <= self.memory_gib + 1e-9 and gpus <= self.gpus

    def less(self, step: Step) -> "_Room":
        asked = step.resources
        gpus = asked.gpu.count if asked.gpu else 0
        return _Room(self.cpu - asked.cpu, self.memory_gib - asked.memory_gib, self.gpus - gpus)


def _room(pipeline: Pipeline, record: RunRecord, capacity: Capacity) -> _Room:
    room = _Room(capacity.cpu, capacity.memory_gib, capacity.gpus)
    for step in record.steps.values():
        if step.state.is_active:
            room = room.less(pipeline.step(step.name))
    return room
