"""What a driver does next: a pure function of the pipeline, the run's record, the time and the room.

Everything that makes one run mean the same on every platform is decided here.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from moorage.frozen import Frozen
from moorage.journal import RunRecord, StepRecord, Verdict
from moorage.ports import Capacity
from moorage.runs.frontier import Frontier
from moorage.spec.models import OnFailure, Pipeline, Step, StepKind
from moorage.spec.units import format_duration
from moorage.states import RunState, State, StepState

RUN_MARGIN = timedelta(seconds=30)
"""The job ends itself at its run deadline; the driver steps in only when it did not."""


class Start(Frozen):
    """Look the step up in the cache, else begin its next attempt."""

    step: str


class Judge(Frozen):
    """Judge a gate from the artifacts that it names."""

    step: str


class Ask(Frozen):
    """Ask for an approval."""

    step: str


class Settle(Frozen):
    """End an approval as the verdict says."""

    step: str
    verdict: Verdict


class Skip(Frozen):
    """End a step that cannot run any more; `because` is a sentence."""

    step: str
    state: StepState
    because: str


class Late(Frozen):
    """End an attempt that is past a deadline; `because` is a sentence."""

    step: str
    because: str


class Stop(Frozen):
    """Cancel an attempt, since its run is being stopped."""

    step: str


class End(Frozen):
    """Nothing more can happen."""

    state: RunState


Action = Start | Judge | Ask | Settle | Skip | Late | Stop | End


def decide(
    pipeline: Pipeline, record: RunRecord, frontier: Frontier, now: datetime, capacity: Capacity | None
) -> tuple[Action, ...]:
    """Return what to do now, in the order of the spec; nothing when only time or a person can help.

    `frontier` is the one of `pipeline` and `record`.
    """
    if not frontier.unfinished:
        return (End(_end_state(record)),)
    if record.state is RunState.CANCELLING:
        return tuple(_ended(record, StepState.CANCELLED, "the run was cancelled"))
    if pipeline.on_failure is OnFailure.STOP and frontier.has_failed:
        because = "another step failed and the pipeline says on_failure: stop"
        return tuple(_ended(record, StepState.SKIPPED, because))
    return (*_late(pipeline, record, frontier, now), *_advanced(record, frontier, now, capacity))


def next_time(pipeline: Pipeline, record: RunRecord, frontier: Frontier) -> datetime | None:
    """Return when the passing of time alone next changes what `decide` says."""
    times = [due for step in frontier.retrying if (due := record.steps[step].not_before)]
    times += [_deadline(pipeline.step(name), record)[0] for name in frontier.active]
    return min(times, default=None)


def _end_state(record: RunRecord) -> RunState:
    if record.state is RunState.CANCELLING:
        return RunState.CANCELLED
    fine = all(step.state.has_outputs for step in record.steps.values())
    return RunState.SUCCEEDED if fine else RunState.FAILED


def _ended(record: RunRecord, state: StepState, because: str) -> Iterator[Action]:
    for step in record.steps.values():
        if step.state.is_active:
            yield Stop(step.name)
        elif not step.state.is_terminal:
            yield Skip(step.name, state, because)


def _late(pipeline: Pipeline, record: RunRecord, frontier: Frontier, now: datetime) -> Iterator[Action]:
    for name in frontier.active:
        deadline, because = _deadline(pipeline.step(name), record)
        if now > deadline:
            yield Late(name, because)


def _deadline(step: Step, record: RunRecord) -> tuple[datetime, str]:
    attempt = record.steps[step.name].attempts[-1]
    if attempt.started is not None:
        limit, since = step.timeout.run, attempt.started + RUN_MARGIN
        because = f"still running after its timeout.run of {format_duration(limit)}"
    elif attempt.state is State.QUEUED:
        limit, since = step.timeout.queue, attempt.submitted or attempt.intended
        because = f"found no place to run within its timeout.queue of {format_duration(limit)}"
    else:
        limit, since = step.timeout.start, attempt.since or attempt.intended
        because = f"did not start within its timeout.start of {format_duration(limit)}"
    # What an earlier driver noted was by another clock, perhaps by one that is hours behind ours.
    return max(since, record.driven or since) + timedelta(seconds=limit), because


def _advanced(record: RunRecord, frontier: Frontier, now: datetime, capacity: Capacity | None) -> Iterator[Action]:
    for step in frontier.others():
        action = _lost(step, record) or _judged(step, record.steps[step.name])
        if action is not None:
            yield action
    room = None if capacity is None else _room(frontier, capacity)
    for step in frontier.jobs():
        due = record.steps[step.name].not_before
        if due is not None and now < due:
            continue
        if room is not None:
            if room.is_full:
                return
            if not room.fits(step):
                continue
            room = room.less(step)
        yield Start(step.name)


def _lost(step: Step, record: RunRecord) -> Skip | None:
    for name in step.dependencies:
        state = record.steps[name].state
        if state.is_terminal and not state.has_outputs:
            return Skip(step.name, StepState.SKIPPED, f"it waits for {name}, which {_ENDED_AS[state]}")
    return None


def _judged(step: Step, stands: StepRecord) -> Action | None:
    if step.kind is StepKind.GATE:
        return Judge(step.name)
    return Settle(step.name, stands.verdict) if stands.verdict else None if stands.asked else Ask(step.name)


_ENDED_AS = {StepState.FAILED: "failed", StepState.CANCELLED: "was cancelled", StepState.SKIPPED: "was skipped"}


class _Room:
    def __init__(self, cpu: float, memory_gib: float, gpus: int) -> None:
        self.cpu, self.memory_gib, self.gpus = cpu, memory_gib, gpus

    @property
    def is_full(self) -> bool:
        return self.cpu < 1e-9 or self.memory_gib < 1e-9

    def fits(self, step: Step) -> bool:
        left = self.less(step)
        return left.cpu > -1e-9 and left.memory_gib > -1e-9 and left.gpus >= 0

    def less(self, step: Step) -> "_Room":
        asked = step.resources
        cpu, memory_gib = asked.nodes * asked.cpu, asked.nodes * asked.counted_memory_gib
        return _Room(self.cpu - cpu, self.memory_gib - memory_gib, self.gpus - asked.all_gpus)


def _room(frontier: Frontier, capacity: Capacity) -> _Room:
    room = _Room(capacity.cpu, capacity.memory_gib, capacity.gpus)
    for name in frontier.active:
        room = room.less(frontier.step(name))
    return room
