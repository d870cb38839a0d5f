"""What OpenLineage is told at each event of a run."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version

from openlineage.client import OpenLineageClient, set_producer
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent
from openlineage.client.event_v2 import RunState as Type
from openlineage.client.facet_v2 import RunFacet

from moorage.errors import PlatformError
from moorage.journal import Event, RunRecord, StepRecord, events
from moorage.observe.lineage.datasets import Checks, Datasets
from moorage.observe.lineage.describing import Names, error_facet, parameters_facet, run_of, run_uuid, step_uuid
from moorage.observe.watched import Watched
from moorage.spec.models import Step
from moorage.states import StepState

_ENDS = {"succeeded": Type.COMPLETE, "cached": Type.COMPLETE, "failed": Type.FAIL, "cancelled": Type.ABORT}
"""By state of a run, a step or an attempt."""


class Lineage:
    """Emits an event when the run or an attempt begins, and when it ends."""

    def __init__(self, watched: Watched, client: OpenLineageClient | None = None) -> None:
        set_producer(f"urn:moorage:{version('moorage')}")
        self._client = client or OpenLineageClient()
        self._watched, self._datasets = watched, Datasets(watched)
        namespace = os.environ.get("OPENLINEAGE_NAMESPACE") or f"moorage/{watched.record.environment}"
        self._names = Names(namespace, watched.record.pipeline, watched.store_uri, watched.resolved.code)
        self._sent = 0
        self._refused: list[Exception] = []

    def note(self, record: RunRecord, event: Event) -> None:
        """Take up an event, and the run as it stands after it."""
        match event:
            case events.DriverStarted():
                self._run(record, event.at, Type.RUNNING if _has_begun(self._watched.record) else Type.START)
            case events.RunEnded():
                self._run(record, event.at, _ENDS[event.state.value])
            case events.AttemptIntended():
                self._step_begins(record, record.steps[event.step], event.at, attempt=True)
            case events.AttemptFinished():
                self._attempt_ends(record, record.steps[event.step], event)
            case events.StepCached():
                self._cached(record, record.steps[event.step], event)
            case events.ApprovalAsked():
                self._step_begins(record, record.steps[event.step], event.at, attempt=False)
            case events.StepEnded():
                self._judged(record, record.steps[event.step], event.at)

    def close(self) -> None:
        """Send what is left. PlatformError when something was not taken."""
        self._client.close(timeout=-1)
        if self._refused:
            raise PlatformError(f"{len(self._refused)} of {self._sent} events were not taken: {self._refused[0]}")

    def _run(self, record: RunRecord, at: datetime, kind: Type) -> None:
        facets = parameters_facet(record.parameters)
        if kind is Type.FAIL:
            failed = [step for step in record.steps.values() if step.state is StepState.FAILED]
            facets |= error_facet("; ".join(f"{step.name}: {step.message}" for step in failed), None)
        tags = {"state": record.state.value, "by": record.by or ""}
        self._emit(kind, at, run_of(record, run_uuid(record), tags, facets), self._names.job(None, "PIPELINE"))

    def _step_begins(self, record: RunRecord, step: StepRecord, at: datetime, *, attempt: bool) -> None:
        spec = self._step(step)
        run = self._step_run(record, step, {}, attempt)
        self._emit(
            Type.START, at, run, self._job(spec), inputs=self._datasets.found(record, spec),
            outputs=self._datasets.planned(spec),
        )  # fmt: skip

    def _attempt_ends(self, record: RunRecord, step: StepRecord, event: events.AttemptFinished) -> None:
        result = self._watched.result(event.step, event.attempt)
        checks = result.checks if result else event.checks
        facets = error_facet(event.message, result.detail if result else None)
        self._step_ends(record, step, event.at, attempt=True, checks=checks, facets=facets)

    def _cached(self, record: RunRecord, step: StepRecord, event: events.StepCached) -> None:
        result = self._watched.result(step.name, event.source_attempt, event.source_run)
        self._step_begins(record, step, event.at, attempt=False)
        self._step_ends(record, step, event.at, attempt=False, checks=result.checks if result else ())

    def _judged(self, record: RunRecord, step: StepRecord, at: datetime) -> None:
        # What was skipped never ran, and what had attempts has told of them.
        if self._step(step).is_job or step.state not in (StepState.SUCCEEDED, StepState.FAILED):
            return
        if step.asked is None:
            self._step_begins(record, step, at, attempt=False)
        facets = error_facet(step.message if step.state is StepState.FAILED else None, None)
        self._step_ends(record, step, at, attempt=False, facets=facets)

    def _step_ends(
        self, record: RunRecord, step: StepRecord, at: datetime, *, attempt: bool, checks: Checks = (),
        facets: Mapping[str, RunFacet] | None = None,
    ) -> None:  # fmt: skip
        spec = self._step(step)
        self._emit(
            _ENDS[step.state.value], at, self._step_run(record, step, facets or {}, attempt), self._job(spec),
            inputs=self._datasets.read(record, spec, checks), outputs=self._datasets.written(record, spec, checks),
        )  # fmt: skip

    def _step_run(self, record: RunRecord, step: StepRecord, facets: Mapping[str, RunFacet], attempt: bool) -> Run:
        tags = {"step": step.name, "state": step.state.value}
        if attempt and step.attempt:
            tags |= {"attempt": str(step.attempt.number), "job": step.attempt.job}
        if step.cause:
            tags["cause"] = step.cause.value
        if step.cached_from:
            tags["cached_from"] = step.cached_from
        parent = self._names.parent(run_uuid(record))
        return run_of(record, step_uuid(record, step, attempt), tags, {"parent": parent, **facets})

    def _job(self, step: Step) -> Job:
        return self._names.job(step.name, "STEP" if step.is_job else step.kind.value.upper())

    def _step(self, step: StepRecord) -> Step:
        return self._watched.resolved.pipeline.step(step.name)

    def _emit(
        self, kind: Type, at: datetime, run: Run, job: Job,
        inputs: Sequence[InputDataset] = (), outputs: Sequence[OutputDataset] = (),
    ) -> None:  # fmt: skip
        self._sent += 1
        try:
            event = RunEvent(
                eventTime=at.isoformat(), eventType=kind, run=run, job=job, inputs=[*inputs], outputs=[*outputs]
            )
            self._client.emit(event)
        except Exception as error:  # noqa: BLE001 - each transport has its own; the others may yet be taken
            self._refused.append(error)


def _has_begun(record: RunRecord) -> bool:
    since = record.reopened or record.created
    return any(step.started and step.started >= since for step in record.steps.values())
