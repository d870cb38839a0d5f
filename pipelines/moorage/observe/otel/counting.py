"""The metrics of runs: few labels, so that a thousand runs are still few series."""

from datetime import datetime

from opentelemetry.metrics import Histogram, Meter
from opentelemetry.sdk.metrics import MeterProvider

from moorage.journal import AttemptRecord, RunRecord, StepRecord
from moorage.states import Cause, StepState
from moorage.step.request import StepResult

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 150, 300, 600, 1800, 3600, 7200, 21600, 86400)
"""Upper bounds of what a span of time is sorted into."""


class Counts:
    """Counts what ended in a run, and how long it took."""

    def __init__(self, provider: MeterProvider, record: RunRecord) -> None:
        meter = provider.get_meter("moorage")
        self._common = {"moorage.pipeline": record.pipeline, "moorage.environment": record.environment}
        self._steps = meter.create_counter("moorage.steps", "{step}", "Steps that ended, by state and cause")
        self._retries = meter.create_counter("moorage.retries", "{attempt}", "Attempts that are made again, by cause")
        self._checks = meter.create_counter("moorage.checks.failed", "{check}", "Checks of contracts that failed")
        self._step_seconds = _histogram(meter, "moorage.step.duration", "From a step's first attempt to its end")
        self._queue_seconds = _histogram(meter, "moorage.attempt.queue", "From an attempt's intent to its start")
        self._run_seconds = _histogram(meter, "moorage.run.duration", "From a run's creation to its end")

    def step_ended(self, step: StepRecord) -> None:
        """Count a step that ended."""
        state = {**self._common, "moorage.step": step.name, "moorage.state": step.state.value}
        self._steps.add(1, {**state, **_cause(step.cause)})
        if step.started and step.finished and step.state is not StepState.SKIPPED:
            self._step_seconds.record(_seconds(step.started, step.finished), state)

    def attempt_ended(self, step: StepRecord, attempt: AttemptRecord, result: StepResult | None) -> None:
        """Count how long an attempt waited, and the checks that failed in it."""
        told = result.started if result else None
        started = attempt.started or (datetime.fromisoformat(told) if told else None)
        of_step = {**self._common, "moorage.step": step.name}
        if started:
            self._queue_seconds.record(_seconds(attempt.intended, started), of_step)
        for check in step.checks:
            self._checks.add(1, {**of_step, "moorage.contract": check.contract, "moorage.artifact": check.artifact})

    def retried(self, step: StepRecord) -> None:
        """Count an attempt that is made again."""
        self._retries.add(1, {**self._common, "moorage.step": step.name, **_cause(step.cause)})

    def run_ended(self, record: RunRecord) -> None:
        """Count how long a run took, since it was created or reopened."""
        if record.finished:
            since = record.reopened or record.created
            state = {**self._common, "moorage.state": record.state.value}
            self._run_seconds.record(_seconds(since, record.finished), state)


def _histogram(meter: Meter, name: str, description: str) -> Histogram:
    return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=SECONDS)


def _cause(cause: Cause | None) -> dict[str, str]:
    return {"moorage.cause": cause.value} if cause else {}


def _seconds(start: datetime, end: datetime) -> float:
    # Two machines' clocks may disagree.
    return max((end - start).total_seconds(), 0.0)
