"""The attempts of one run, as the driver meets them: submit, observe, close, cancel."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from moorage.errors import AccessDenied, CapacityExceeded, PlatformError, QuotaExceeded, TargetError
from moorage.journal import StepRecord
from moorage.plan.resolved import Resolved, step_job, step_request
from moorage.ports import Handle, JobName, Observation
from moorage.runs.place import Place
from moorage.spec.models import Step
from moorage.states import Cause, State
from moorage.step.paths import attempt_folder, request_key
from moorage.step.reading import close_attempt, read_result
from moorage.step.request import Artifact, StepResult, to_json

LOST_AFTER = timedelta(seconds=60)
"""A job that is missing may only not be listed yet; it is lost when missing twice, this long after submit."""

DEAF_AFTER = timedelta(seconds=60)
"""How long it is borne that the platform tells nothing, where it never did, or refuses what it allowed before."""

_CAUSES: Mapping[type[Exception], Cause] = {
    QuotaExceeded: Cause.QUOTA,
    CapacityExceeded: Cause.CAPACITY,
    TargetError: Cause.SETUP,
}


class Attempts:
    """What the platform and the store know of the attempts of `run`.

    `is_cut_off` is set when what it raised was the platform's word, not the store's.
    """

    def __init__(self, place: Place, resolved: Resolved, run: str) -> None:
        self._place, self._resolved, self._run = place, resolved, run
        self._missing: set[tuple[str, int]] = set()
        self._since: datetime | None = None
        self._took = self._told = False
        self._deaf: datetime | None = None
        self.is_cut_off = False

    def handles(self, active: Sequence[StepRecord]) -> list[Handle]:
        """Return the handles of those attempts whose job the platform has."""
        return [handle for _, handle in self._answered(active)]

    def submit(self, step: Step, attempt: int, inputs: Mapping[str, Artifact], key: str) -> Handle | StepResult:
        """Hand the attempt to the platform; a result instead of a handle says why it would not take it."""
        request = step_request(self._resolved, self._run, step, attempt, inputs, key)
        job = step_job(self._resolved, self._run, step, attempt)
        # What goes wrong with the store is not the step's doing: it ends the driver, and the next one tries again.
        self._place.store.put(request_key(attempt_folder(self._run, step.name, attempt)), to_json(request))
        try:
            lowered = self._place.adapter.lower(job, self._place.target)
            handle = self._place.connection.submit(lowered, job.name)
        except (PlatformError, TargetError) as error:
            return self._adopted(job.owner, error) or self._close(step.name, attempt, _cause(error), str(error))
        self._took = True
        return handle

    def observe(self, active: Sequence[StepRecord], now: datetime) -> Iterator[tuple[str, Observation | StepResult]]:
        """Yield what changed: a new state of a job, or the result of one that ended.

        PlatformError when the platform refuses to tell, or has never been heard of: then a person must act. One that
        is away for a while is waited for.
        """
        answered = self._answered(active)
        if not answered:
            return
        self._since = self._since or now
        try:
            seen = self._place.connection.observe([handle for _, handle in answered])
        except PlatformError as error:
            self._bear(error, now)
            return  # nothing is known, so nothing changed
        self._told, self._deaf = True, None
        for (stands, _), observation in zip(answered, seen, strict=True):
            if result := self._result(stands, observation, now):
                yield stands.name, result
            elif _is_news(stands, observation):
                yield stands.name, observation

    def _bear(self, error: PlatformError, now: datetime) -> None:
        self._deaf = self._deaf or now
        is_denied = isinstance(error, AccessDenied)
        if (self._took or self._told) and not is_denied:
            return  # it is there, and comes back
        # A platform that starts anew may refuse for some seconds what it allowed before.
        if (is_denied and not self._told) or now - self._deaf >= DEAF_AFTER:
            self.is_cut_off = True
            raise error

    def close(self, stands: StepRecord, cause: Cause, message: str) -> StepResult:
        """Record the end of the newest attempt, if it has recorded none itself, and return what is recorded."""
        return self._close(stands.name, stands.attempts[-1].number, cause, message)

    def cancel(self, stands: StepRecord) -> None:
        """Stop the newest attempt's job, if the platform has it."""
        handle = stands.attempts[-1].handle
        if handle is None:
            return
        try:
            self._place.connection.cancel(self._handle(stands, handle))
        except PlatformError:
            self.is_cut_off = True
            raise

    def _answered(self, active: Sequence[StepRecord]) -> list[tuple[StepRecord, Handle]]:
        return [
            (step, self._handle(step, handle)) for step in active if (handle := step.attempts[-1].handle) is not None
        ]

    def _handle(self, stands: StepRecord, data: Mapping[str, str] | None) -> Handle:
        return Handle(self._place.adapter.platform, JobName(stands.attempts[-1].job), data or {})

    def _result(self, stands: StepRecord, seen: Observation, now: datetime) -> StepResult | None:
        attempt = stands.attempts[-1]
        if seen.state is State.MISSING:
            return self._missing_result(stands, now)
        self._missing.discard((stands.name, attempt.number))
        if not seen.state.is_terminal:
            return None
        return self._read(stands.name, attempt.number) or self.close(stands, *_verdict(seen))

    def _missing_result(self, stands: StepRecord, now: datetime) -> StepResult | None:
        attempt = stands.attempts[-1]
        if result := self._read(stands.name, attempt.number):
            return result
        again = (stands.name, attempt.number) in self._missing
        # An earlier driver's clock may have been hours behind ours: it counts from our own first look.
        if now - max(attempt.submitted or attempt.intended, self._since or now) < LOST_AFTER:
            return None
        self._missing.add((stands.name, attempt.number))
        return self.close(stands, Cause.LOST, "the platform has no such job any more") if again else None

    def _read(self, step: str, attempt: int) -> StepResult | None:
        return read_result(self._place.store, self._run, step, attempt)

    def _close(self, step: str, attempt: int, cause: Cause, message: str) -> StepResult:
        return close_attempt(self._place.store, self._run, step, attempt, cause, message)

    def _adopted(self, owner: object, error: PlatformError | TargetError) -> Handle | None:
        # A create that failed may have worked all the same.
        if isinstance(error, TargetError):
            return None
        try:
            return next(iter(self._place.connection.owned(owner)), None)  # type: ignore[arg-type]
        except PlatformError:
            return None


def _cause(error: PlatformError | TargetError) -> Cause:
    return next((cause for kind, cause in _CAUSES.items() if isinstance(error, kind)), Cause.PLATFORM)


def _is_news(stands: StepRecord, seen: Observation) -> bool:
    attempt = stands.attempts[-1]
    return seen.state in (State.QUEUED, State.STARTING, State.RUNNING, State.STOPPING) and (
        seen.state is not attempt.state or seen.reason != attempt.reason
    )


def _verdict(seen: Observation) -> tuple[Cause, str]:
    if seen.state is State.CANCELLED:
        # Nobody of ours cancelled it, or the driver would not be looking.
        return seen.cause or Cause.INTERRUPTED, seen.reason or "the job was stopped from outside"
    if seen.state is State.FAILED:
        return seen.cause or Cause.LOST, seen.reason or f"the job ended ({seen.raw}) without a result"
    return Cause.LOST, "the job ended well, but left no result"
