"""Whether an attempt that failed is followed by another, and when. Pure."""

from datetime import datetime, timedelta

from blake3 import blake3

from moorage.journal import RunRecord
from moorage.spec.models import Step
from moorage.states import ADVICE, RunState
from moorage.step.request import StepResult

_LONGEST_SECONDS = 3600.0


def next_attempt_at(step: Step, record: RunRecord, result: StepResult, now: datetime) -> datetime | None:
    """Return when the next attempt is due; None when the step has failed for good."""
    stands = record.steps[step.name]
    used = sum(attempt.number > stands.budget_from for attempt in stands.attempts)
    if result.cause is None or record.state is not RunState.RUNNING or used > step.retries.limit:
        return None
    if not ADVICE[result.cause].retry or result.cause not in step.retries.on:
        return None
    return now + timedelta(seconds=_backoff_seconds(step, record.id, used))


def _backoff_seconds(step: Step, run: str, used: int) -> float:
    longest = min(step.retries.backoff * 2.0 ** (used - 1), _LONGEST_SECONDS)
    # Jitter from a digest, not from chance: many steps spread out, and a test sees the same twice.
    share = int(blake3(f"{run}/{step.name}/{used}".encode()).hexdigest()[:8], 16) / 0xFFFFFFFF
    return longest * (0.5 + share / 2)
