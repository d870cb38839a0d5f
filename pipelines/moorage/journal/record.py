"""The state of a run: the fold of its events, and nothing else."""

from collections.abc import Mapping
from datetime import datetime
from functools import singledispatch

from moorage.contracts.report import CheckResult
from moorage.frozen import EMPTY, Frozen, replaced
from moorage.journal import events
from moorage.journal.events import Event
from moorage.states import Cause, RunState, State, StepState
from moorage.step.request import Artifact


def where(environment: str) -> str:
    """Return the option that commands in that environment need, with a space before it; empty for `local`."""
    return "" if environment == "local" else f" -e {environment}"


class AttemptRecord(Frozen):
    """One execution of a step: `handle` is None until the platform has answered."""

    number: int
    job: str
    intended: datetime
    handle: Mapping[str, str] | None = None
    submitted: datetime | None = None
    state: State = State.QUEUED
    since: datetime | None = None
    reason: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    cause: Cause | None = None
    message: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has no recorded end."""
        return self.finished is None


class StepRecord(Frozen):
    """Where one step stands; `budget_from` is the attempt after which the present retries count."""

    name: str
    state: StepState = StepState.WAITING
    attempts: tuple[AttemptRecord, ...] = ()
    key: str | None = None
    parts: Mapping[str, str] = EMPTY
    outputs: Mapping[str, Artifact] = EMPTY
    quarantined: Mapping[str, Artifact] = EMPTY
    inputs: Mapping[str, Artifact] = EMPTY
    cached_from: str | None = None
    not_before: datetime | None = None
    asked: datetime | None = None
    verdict: "Verdict | None" = None
    cause: Cause | None = None
    message: str | None = None
    checks: tuple[CheckResult, ...] = ()
    warnings: tuple[str, ...] = ()
    started: datetime | None = None
    finished: datetime | None = None
    budget_from: int = 0

    @property
    def attempt(self) -> AttemptRecord | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None


class Verdict(Frozen):
    """What a person said to an approval."""

    approved: bool
    by: str
    claimed: bool = True
    comment: str | None = None


class RunRecord(Frozen):
    """A run as its journal tells it; `driver` is None while nobody drives it.

    `reopened` is when it was last resumed after it had ended, `driven` when its driver took it.
    """

    id: str
    pipeline: str
    environment: str
    created: datetime
    steps: Mapping[str, StepRecord]
    parameters: Mapping[str, object] = EMPTY
    code: str | None = None
    by: str | None = None
    state: RunState = RunState.RUNNING
    finished: datetime | None = None
    reopened: datetime | None = None
    driver: str | None = None
    driver_host: str | None = None
    driver_pid: int | None = None
    driven: datetime | None = None
    commands: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The option that commands on this run need; see `where`."""
        return where(self.environment)


def created(event: events.RunCreated) -> RunRecord:
    """Return the run as it stands after its first event."""
    return RunRecord(
        id=event.run,
        pipeline=event.pipeline,
        environment=event.environment,
        created=event.at,
        steps={name: StepRecord(name) for name in event.steps},
        parameters=event.parameters,
        code=event.code,
        by=event.by,
    )


def fold(record: RunRecord | None, event: Event) -> RunRecord:
    """Return the run as it stands after `event`; the first event must be a `RunCreated`."""
    if record is None:
        if not isinstance(event, events.RunCreated):
            raise ValueError(f"a journal starts with run_created, not with {event.event}")
        return created(event)
    return _fold(event, record)


@singledispatch
def _fold(event: object, record: RunRecord) -> RunRecord:
    raise TypeError(f"nothing folds a {type(event).__name__}")


@_fold.register
def _(event: events.DriverStarted, record: RunRecord) -> RunRecord:
    return replaced(record, driver=event.driver, driver_host=event.host, driver_pid=event.pid, driven=event.at)


@_fold.register
def _(event: events.DriverLeft, record: RunRecord) -> RunRecord:
    return replaced(record, driver=None, driver_host=None, driver_pid=None)


@_fold.register
def _(event: events.RunResumed, record: RunRecord) -> RunRecord:
    fresh = {name: _waiting_again(record.steps[name]) for name in event.steps}
    reopened = event.at if record.finished else record.reopened
    return replaced(record, steps={**record.steps, **fresh}, state=RunState.RUNNING, finished=None, reopened=reopened)


def _waiting_again(step: StepRecord) -> StepRecord:
    return StepRecord(
        step.name,
        attempts=step.attempts,
        inputs=step.inputs,
        budget_from=step.attempts[-1].number if step.attempts else 0,
    )


@_fold.register
def _(event: events.InputResolved, record: RunRecord) -> RunRecord:
    step = record.steps[event.step]
    return _with(record, replaced(step, inputs={**step.inputs, event.input: event.artifact}))


@_fold.register
def _(event: events.StepCached, record: RunRecord) -> RunRecord:
    step = replaced(
        record.steps[event.step],
        state=StepState.CACHED,
        key=event.key,
        parts=event.parts,
        outputs=event.outputs,
        cached_from=event.source_run,
        started=event.at,
        finished=event.at,
    )
    return _with(record, step)


@_fold.register
def _(event: events.AttemptIntended, record: RunRecord) -> RunRecord:
    step = record.steps[event.step]
    attempt = AttemptRecord(event.attempt, event.job, event.at)
    step = replaced(
        step,
        state=StepState.QUEUED,
        attempts=(*step.attempts, attempt),
        key=event.key,
        parts=event.parts,
        started=step.started or event.at,
        not_before=None,
    )
    return _with(record, step)


@_fold.register
def _(event: events.AttemptSubmitted, record: RunRecord) -> RunRecord:
    return _with_attempt(record, event.step, handle=event.handle, submitted=event.at, since=event.at)


_STEP_STATES = {
    State.QUEUED: StepState.QUEUED,
    State.STARTING: StepState.STARTING,
    State.RUNNING: StepState.RUNNING,
}


@_fold.register
def _(event: events.AttemptObserved, record: RunRecord) -> RunRecord:
    record = _with_attempt(record, event.step, state=event.state, since=event.at, reason=event.reason)
    step = record.steps[event.step]
    attempt = step.attempts[-1]
    if event.state is State.RUNNING and attempt.started is None:
        step = replaced(step, attempts=(*step.attempts[:-1], replaced(attempt, started=event.at)))
    return _with(record, replaced(step, state=_STEP_STATES.get(event.state, step.state)))


@_fold.register
def _(event: events.AttemptFinished, record: RunRecord) -> RunRecord:
    record = _with_attempt(
        record,
        event.step,
        state=event.state,
        since=event.at,
        finished=event.at,
        cause=event.cause,
        message=event.message,
    )
    step = replaced(
        record.steps[event.step],
        state=StepState(event.state.value),
        outputs=event.outputs,
        quarantined=event.quarantined,
        cause=event.cause,
        message=event.message,
        checks=event.checks,
        warnings=event.warnings,
        finished=event.at,
    )
    return _with(record, step)


@_fold.register
def _(event: events.StepRetrying, record: RunRecord) -> RunRecord:
    step = record.steps[event.step]
    return _with(record, replaced(step, state=StepState.RETRYING, not_before=event.not_before, finished=None))


@_fold.register
def _(event: events.StepEnded, record: RunRecord) -> RunRecord:
    step = record.steps[event.step]
    ended = replaced(
        step, state=event.state, cause=event.cause, message=event.message, finished=event.at,
        started=step.started or event.at,
    )  # fmt: skip
    return _with(record, ended)


@_fold.register
def _(event: events.ApprovalAsked, record: RunRecord) -> RunRecord:
    return _with(record, replaced(record.steps[event.step], asked=event.at, started=event.at))


@_fold.register
def _(event: events.CommandFolded, record: RunRecord) -> RunRecord:
    record = replaced(record, commands=(*record.commands, event.command))
    if event.kind == "cancel":
        return replaced(record, state=RunState.CANCELLING)
    if event.step is None or event.step not in record.steps:
        return record
    verdict = Verdict(event.kind == "approve", event.by, event.claimed, event.comment)
    return _with(record, replaced(record.steps[event.step], verdict=verdict))


@_fold.register
def _(event: events.RunEnded, record: RunRecord) -> RunRecord:
    return replaced(record, state=event.state, finished=event.at)


def _with(record: RunRecord, step: StepRecord) -> RunRecord:
    return replaced(record, steps={**record.steps, step.name: step})


def _with_attempt(record: RunRecord, step_name: str, **changes: object) -> RunRecord:
    step = record.steps[step_name]
    attempt = replaced(step.attempts[-1], **changes)
    return _with(record, replaced(step, attempts=(*step.attempts[:-1], attempt)))
