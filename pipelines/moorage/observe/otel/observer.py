"""What OpenTelemetry is told at each event of a run."""

import threading
import uuid

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from moorage.journal import Event, RunRecord, StepRecord, events
from moorage.observe.identity import trace_id
from moorage.observe.otel.counting import Counts
from moorage.observe.otel.exporting import meter_provider, resource_of, tracer_provider
from moorage.observe.otel.given import Spans
from moorage.observe.otel.spans import Happening, attempt_span, run_span, step_span
from moorage.observe.watched import Watched
from moorage.states import State

_SENT_WITHIN_MS = 8_000


class Otel:
    """Sends a span for each thing that ends, and counts it."""

    def __init__(
        self, watched: Watched, traces: TracerProvider | None = None, metrics: MeterProvider | None = None
    ) -> None:
        resource = resource_of(str(uuid.uuid4()))
        self._traces = traces or tracer_provider(resource)
        self._metrics = metrics or meter_provider(resource)
        self._watched = watched
        self._spans = Spans(self._traces, trace_id(watched.record.id))
        self._counts = Counts(self._metrics, watched.record)
        self._happened: list[Happening] = []
        self._failed: StepRecord | None = None

    def note(self, record: RunRecord, event: Event) -> None:
        """Take up an event, and the run as it stands after it."""
        self._settle(record, event)
        match event:
            case events.DriverStarted():
                self._happened.append(("driver started", event.at, {"moorage.driver": event.driver}))
            case events.DriverLeft():
                self._happened.append(("driver left", event.at, {"moorage.driver": event.driver}))
            case events.CommandFolded():
                self._happened.append((event.kind, event.at, {"moorage.by": event.by}))
            case events.StepCached():
                self._step_ended(record, record.steps[event.step], event.source_attempt)
            case events.StepEnded():
                self._step_ended(record, record.steps[event.step])
            case events.StepRetrying():
                self._counts.retried(record.steps[event.step])
            case events.AttemptFinished():
                self._attempt_finished(record, record.steps[event.step], event)
            case events.RunEnded():
                self._spans.send(run_span(record, self._happened))
                self._counts.run_ended(record)

    def close(self) -> None:
        """Send what is left, both at once: where nobody listens, each takes its time to find out."""
        metrics = threading.Thread(target=self._metrics.shutdown, args=(_SENT_WITHIN_MS,))
        metrics.start()
        self._traces.shutdown()
        metrics.join()

    def _settle(self, record: RunRecord, event: Event) -> None:
        # Whether an attempt that failed was the step's last shows in what the driver says next.
        failed, self._failed = self._failed, None
        if failed and not (isinstance(event, events.StepRetrying) and event.step == failed.name):
            self._step_ended(record, failed)

    def _attempt_finished(self, record: RunRecord, step: StepRecord, event: events.AttemptFinished) -> None:
        attempt = step.attempts[-1]
        result = self._watched.result(step.name, attempt.number)
        self._spans.send(attempt_span(record, step, attempt, result))
        self._counts.attempt_ended(step, attempt, result)
        if event.state is State.SUCCEEDED:
            self._step_ended(record, step)
        else:
            self._failed = step

    def _step_ended(self, record: RunRecord, step: StepRecord, cached_attempt: int | None = None) -> None:
        self._spans.send(step_span(record, step, cached_attempt))
        self._counts.step_ended(step)
