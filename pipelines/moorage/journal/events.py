"""What can happen in a run: one frozen model per kind of event, told apart by `event`."""

import json
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter

from moorage.contracts.report import CheckResult
from moorage.spec.models import Model
from moorage.states import Cause, RunState, State, StepState
from moorage.step.request import Artifact


class _Event(Model):
    at: AwareDatetime


class StepEvent(_Event):
    """An event of one step."""

    step: str


class _AttemptEvent(StepEvent):
    attempt: int


class RunCreated(_Event):
    """The first event of every journal; `spec` and `code` are digests of what the run froze."""

    event: Literal["run_created"] = "run_created"
    run: str
    pipeline: str
    environment: str
    steps: tuple[str, ...]
    parameters: Mapping[str, object] = {}
    code: str | None = None
    by: str | None = None


class DriverStarted(_Event):
    """A driver took the run; whoever drove it before has lost it."""

    event: Literal["driver_started"] = "driver_started"
    driver: str
    host: str
    pid: int


class DriverLeft(_Event):
    """The driver stopped on purpose with the run unfinished (Ctrl-C, a signal)."""

    event: Literal["driver_left"] = "driver_left"
    driver: str


class RunResumed(_Event):
    """Steps that had failed or were cancelled or skipped wait again."""

    event: Literal["run_resumed"] = "run_resumed"
    steps: tuple[str, ...]


class InputResolved(StepEvent):
    """Something from outside was pinned to what it held when the run started."""

    event: Literal["input_resolved"] = "input_resolved"
    input: str
    artifact: Artifact


class StepCached(StepEvent):
    """An earlier success with the same key stands for the step."""

    event: Literal["step_cached"] = "step_cached"
    key: str
    parts: Mapping[str, str]
    outputs: Mapping[str, Artifact]
    source_run: str
    source_attempt: int


class AttemptIntended(_AttemptEvent):
    """Written before the job is created, so that a crash between the two loses nothing."""

    event: Literal["attempt_intended"] = "attempt_intended"
    job: str
    key: str
    parts: Mapping[str, str]


class AttemptSubmitted(_AttemptEvent):
    """The platform has the job; `handle` finds it again."""

    event: Literal["attempt_submitted"] = "attempt_submitted"
    handle: Mapping[str, str]


class AttemptObserved(_AttemptEvent):
    """The job's state changed."""

    event: Literal["attempt_observed"] = "attempt_observed"
    state: State
    raw: str = ""
    reason: str = ""


class AttemptFinished(_AttemptEvent):
    """The attempt ended; `checks` holds only those that failed, the whole list is in `result.json`."""

    event: Literal["attempt_finished"] = "attempt_finished"
    state: State
    cause: Cause | None = None
    message: str | None = None
    outputs: Mapping[str, Artifact] = {}
    quarantined: Mapping[str, Artifact] = {}
    checks: tuple[CheckResult, ...] = ()
    warnings: tuple[str, ...] = ()


class StepRetrying(StepEvent):
    """A further attempt is due at `not_before`."""

    event: Literal["step_retrying"] = "step_retrying"
    not_before: AwareDatetime


class StepEnded(StepEvent):
    """A step ended without a job of its own: skipped, cancelled, or judged by the driver."""

    event: Literal["step_ended"] = "step_ended"
    state: StepState
    cause: Cause | None = None
    message: str | None = None


class ApprovalAsked(StepEvent):
    """The run waits for a person."""

    event: Literal["approval_asked"] = "approval_asked"
    by: tuple[str, ...] = ()


class CommandFolded(_Event):
    """Somebody's command was taken up; `by` is who they say they are, `claimed` that nobody proved it."""

    event: Literal["command_folded"] = "command_folded"
    command: str
    kind: Literal["approve", "reject", "cancel"]
    by: str
    claimed: bool = True
    step: str | None = None
    comment: str | None = None


class RunEnded(_Event):
    """Nothing more happens, unless somebody resumes the run."""

    event: Literal["run_ended"] = "run_ended"
    state: RunState


Event = Annotated[
    RunCreated
    | DriverStarted
    | DriverLeft
    | RunResumed
    | InputResolved
    | StepCached
    | AttemptIntended
    | AttemptSubmitted
    | AttemptObserved
    | AttemptFinished
    | StepRetrying
    | StepEnded
    | ApprovalAsked
    | CommandFolded
    | RunEnded,
    Field(discriminator="event"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event, config=ConfigDict(defer_build=True))
"""Reads any event from JSON."""

_KINDS: Mapping[str, type[Event]] = {kind.model_fields["event"].default: kind for kind in get_args(get_args(Event)[0])}


def read_event(line: bytes) -> Event:
    """Return the event that one line of JSON holds; ValueError, KeyError or TypeError when it holds none.

    By its own model, not by the union of all: a run meets half of the kinds, and each model is built at its first use.
    """
    return _KINDS[json.loads(line)["event"]].model_validate_json(line)
