"""The spans of a run: what is in them, as a function of the record. Pure."""

from collections.abc import Sequence
from datetime import datetime

from moorage.journal import AttemptRecord, RunRecord, StepRecord
from moorage.observe.identity import span_id, trace_id
from moorage.observe.otel.given import Attributes, GivenSpan
from moorage.states import RunState, State, StepState
from moorage.step.request import StepResult

Happening = tuple[str, datetime, Attributes]
"""An event on a span: its name, when, and what."""


def run_span(record: RunRecord, happened: Sequence[Happening]) -> GivenSpan:
    """Return the span of a run that ended: the root, or for a run that was reopened one more below it."""
    root = span_id(record.id)
    return GivenSpan(
        name=f"{'resume' if record.reopened else 'run'} {record.pipeline}",
        id=_above(record),
        parent=root if record.reopened else None,
        started=record.reopened or record.created,
        finished=record.finished or record.created,
        attributes={
            **_common(record),
            "moorage.steps": len(record.steps),
            "moorage.state": record.state.value,
            **({"moorage.code": record.code} if record.code else {}),
            **({"moorage.by": record.by} if record.by else {}),
        },
        error=f"the run {record.state.value}" if record.state is RunState.FAILED else None,
        links=[(trace_id(record.id), root)] if record.reopened else [],
        events=happened,
    )


def step_span(record: RunRecord, step: StepRecord, cached_attempt: int | None) -> GivenSpan:
    """Return the span of a step that ended; `cached_attempt` is the one of the other run that stands for it."""
    ended = step.finished or record.created
    return GivenSpan(
        name=f"step {step.name}",
        id=_of_step(record, step),
        parent=_above(record),
        started=step.started or ended,
        finished=ended,
        attributes={
            **_common(record),
            "moorage.step": step.name,
            "moorage.state": step.state.value,
            "moorage.cached": step.state is StepState.CACHED,
            "moorage.attempts": len(step.attempts) - step.budget_from,
            **_cause(step),
            **({"moorage.key": step.key} if step.key else {}),
            **({"moorage.cached_from": step.cached_from} if step.cached_from else {}),
        },
        error=_error(step.message, step.state is StepState.FAILED),
        links=_links(record, step, cached_attempt),
    )


def attempt_span(record: RunRecord, step: StepRecord, attempt: AttemptRecord, result: StepResult | None) -> GivenSpan:
    """Return the span of an attempt that ended, from when it was intended; `result` is what its job said."""
    return GivenSpan(
        name=f"attempt {step.name}",
        id=span_id(record.id, step.name, str(attempt.number)),
        parent=_of_step(record, step),
        started=attempt.intended,
        finished=attempt.finished or attempt.intended,
        attributes={
            **_common(record),
            "moorage.step": step.name,
            "moorage.attempt": attempt.number,
            "moorage.job": attempt.job,
            "moorage.state": attempt.state.value,
            **_cause(attempt),
            **{f"moorage.handle.{name}": value for name, value in (attempt.handle or {}).items()},
            **_measured(result),
        },
        error=_error(attempt.message, attempt.state is State.FAILED),
        events=[*_moments(attempt), *_exceptions(attempt, result)],
    )


def _common(record: RunRecord) -> Attributes:
    return {
        "moorage.run": record.id,
        "moorage.pipeline": record.pipeline,
        "moorage.environment": record.environment,
    }


def _above(record: RunRecord) -> int:
    return span_id(record.id, *([record.reopened.isoformat()] if record.reopened else []))


def _of_step(record: RunRecord, step: StepRecord) -> int:
    # A step that waits again after a resume starts anew, and is another span.
    return span_id(record.id, step.name, (step.started or record.created).isoformat())


def _cause(ended: StepRecord | AttemptRecord) -> Attributes:
    return {"moorage.cause": ended.cause.value, "error.type": ended.cause.value} if ended.cause else {}


def _error(message: str | None, failed: bool) -> str | None:
    return (message or "it failed") if failed else None


def _links(record: RunRecord, step: StepRecord, cached_attempt: int | None) -> list[tuple[int, int]]:
    if step.cached_from and cached_attempt is not None:
        return [(trace_id(step.cached_from), span_id(step.cached_from, step.name, str(cached_attempt)))]
    if step.budget_from:  # resumed: where the last attempt before it stood
        return [(trace_id(record.id), span_id(record.id, step.name, str(step.budget_from)))]
    return []


def _measured(result: StepResult | None) -> Attributes:
    if result is None:
        return {}
    found = {
        "moorage.start": result.start,
        "moorage.cpu_seconds": result.cpu_seconds,
        "moorage.peak_memory_mib": result.peak_memory_mib,
        "host.name": result.host,
    }
    return {name: value for name, value in found.items() if value is not None}


def _moments(attempt: AttemptRecord) -> list[Happening]:
    seen = (("submitted", attempt.submitted), ("running", attempt.started))
    return [(name, at, {}) for name, at in seen if at]


def _exceptions(attempt: AttemptRecord, result: StepResult | None) -> list[Happening]:
    if attempt.state is not State.FAILED:
        return []
    text = {"exception.message": attempt.message or "", "exception.type": attempt.cause or ""}
    detail = {"exception.stacktrace": result.detail} if result and result.detail else {}
    return [("exception", attempt.finished or attempt.intended, {**text, **detail})]
