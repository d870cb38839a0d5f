"""Where a job, a step and a run may stand, why a step fails, and what each cause asks for.

Free of pydantic: the process inside a job imports this, and starts in milliseconds.
"""

from collections.abc import Mapping
from enum import StrEnum

from moorage.frozen import Frozen


class State(StrEnum):
    """Where one native job stands, in any platform's words mapped to ours."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    MISSING = "missing"

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended for good; unknown and missing are readings, not ends."""
        return self in (State.SUCCEEDED, State.FAILED, State.CANCELLED)


class StepState(StrEnum):
    """Where one step of a run stands."""

    WAITING = "waiting"
    CACHED = "cached"
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more happens to the step in this run."""
        return self in _ENDED_STEPS

    @property
    def has_outputs(self) -> bool:
        """Whether what waits for the step may go on."""
        return self in (StepState.SUCCEEDED, StepState.CACHED)

    @property
    def is_active(self) -> bool:
        """Whether an attempt of it is with the platform."""
        return self in (StepState.QUEUED, StepState.STARTING, StepState.RUNNING)


_ENDED_STEPS = frozenset(
    {
        StepState.CACHED,
        StepState.SUCCEEDED,
        StepState.FAILED,
        StepState.CANCELLED,
        StepState.SKIPPED,
    }
)


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    WAITING = "waiting"
    STALLED = "stalled"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether only `moorage resume` could change it."""
        return self in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)


class Cause(StrEnum):
    """Why an attempt failed."""

    USER = "user"
    CONTRACT = "contract"
    SETUP = "setup"
    GATE = "gate"
    REFUSED = "refused"
    CAPACITY = "capacity"
    QUOTA = "quota"
    INTERRUPTED = "interrupted"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    CANCELLED = "cancelled"
    CORRUPT = "corrupt"
    PLATFORM = "platform"
    LOST = "lost"


class Advice(Frozen):
    """What a cause asks for: whether another attempt may help, and what a person can do."""

    retry: bool
    sentence: str


ADVICE: Mapping[Cause, Advice] = {
    Cause.USER: Advice(
        True,
        "the step's own code failed; read the first frame below, or `moorage logs`",
    ),
    Cause.CONTRACT: Advice(False, "the data broke its contract; fix the data or loosen the contract"),
    Cause.SETUP: Advice(False, "the step could not start; fix what the message names"),
    Cause.GATE: Advice(False, "a gate did not pass; improve the result or change `require`"),
    Cause.REFUSED: Advice(False, "the approval was refused; talk to who refused it"),
    Cause.CAPACITY: Advice(True, "the platform has no such machine now; wait, or allow other types"),
    Cause.QUOTA: Advice(True, "a quota is used up; wait for running jobs, or ask for more"),
    Cause.INTERRUPTED: Advice(True, "the machine was taken away; retry, or set `resources.spot: false`"),
    Cause.TIMED_OUT: Advice(True, "a deadline passed; raise `timeout`, or make the step faster"),
    Cause.OUT_OF_MEMORY: Advice(False, "the step ran out of memory; raise `resources.memory`"),
    Cause.CANCELLED: Advice(False, "the run was cancelled; `moorage resume` continues it"),
    Cause.CORRUPT: Advice(
        False, "stored bytes changed or are gone; `moorage resume` makes an artifact again, a new run brings the code"
    ),
    Cause.PLATFORM: Advice(True, "the platform failed; wait, then `moorage resume`"),
    Cause.LOST: Advice(True, "the job vanished without a result; `moorage resume` tries again"),
}
"""Total: every `Cause` is a key."""

RETRYABLE: tuple[Cause, ...] = tuple(cause for cause in Cause if ADVICE[cause].retry)
