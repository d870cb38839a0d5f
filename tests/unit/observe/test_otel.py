"""A run is one trace, whoever drives it: its spans are those of the record, and nothing is counted twice."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from moorage.contracts.report import CheckResult
from moorage.journal import AttemptRecord, events
from moorage.observe.identity import span_id, trace_id
from moorage.observe.otel import Otel
from moorage.observe.otel.given import GivenIds
from moorage.observe.watched import Watched
from moorage.states import Cause, State
from moorage.step.request import StepResult
from tests.rigs.imaginary import Outcome
from tests.unit.observe.conftest import Scene, failing

SetScene = Callable[..., Scene]
RETRIED = {"name": "train", "retries": 1}
CHECKS = (
    CheckResult("rows", "acme:Rows", "age", "ge(0)", failed=3, rows=10),
    CheckResult("rows", "acme:Rows", "age", "not null", failed=0, rows=10),
)


class Kept:
    """What observers sent, kept in memory; each `make` is one driver's observer."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._readers: list[InMemoryMetricReader] = []

    def make(self, watched: Watched) -> Otel:
        """Return an observer that sends here."""
        traces = TracerProvider(id_generator=GivenIds(), shutdown_on_exit=False)
        traces.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._readers.append(InMemoryMetricReader())
        return Kept.Watching(watched, traces, MeterProvider([self._readers[-1]], shutdown_on_exit=False))

    class Watching(Otel):
        """Is not shut down, so that a reader in memory can still be read."""

        def close(self) -> None:
            """Do nothing."""

    @property
    def spans(self) -> list[ReadableSpan]:
        """All spans, in the order in which they were sent."""
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        """Return the spans of that name."""
        return [span for span in self.spans if span.name == name]

    def points(self, metric: str) -> Iterator[tuple[dict[str, object], float]]:
        """Yield the labels and the value, or the count, of each point of all drivers."""
        for reader in self._readers:
            data = reader.get_metrics_data()
            for found in data.resource_metrics[0].scope_metrics[0].metrics if data else ():
                if found.name == metric:
                    for point in found.data.data_points:
                        told = point.value if isinstance(point, NumberDataPoint) else point.count
                        yield dict(point.attributes or {}), told


@pytest.fixture
def kept() -> Kept:
    return Kept()


def _parent(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def _times(span: ReadableSpan) -> tuple[int | None, int | None]:
    return span.start_time, span.end_time


def _nanoseconds(*moments: datetime | None) -> tuple[int, ...]:
    return tuple(round(moment.timestamp() * 1_000_000) * 1000 for moment in moments if moment)


def test_a_run_is_a_trace_of_steps_and_attempts(scene: SetScene, kept: Kept):
    there = scene()
    record = there.drive(there.make({"name": "a"}, {"name": "b", "after": ["a"]}), kept.make)
    assert {span.context.trace_id for span in kept.spans} == {trace_id(record.id)}
    (run,) = kept.named("run acme")
    (step,) = kept.named("step b")
    (attempt,) = kept.named("attempt b")
    assert (_parent(run), _parent(step), _parent(attempt)) == (None, span_id(record.id), step.context.span_id)
    assert len({span.context.span_id for span in kept.spans}) == len(kept.spans) == 5


def test_times_are_those_of_the_record(scene: SetScene, kept: Kept):
    there = scene({("a", 1): Outcome(queued=60, running=600)})
    record = there.drive(there.make({"name": "a"}), kept.make)
    attempt = record.steps["a"].attempts[0]
    assert isinstance(attempt, AttemptRecord)
    assert _times(kept.named("attempt a")[0]) == _nanoseconds(attempt.intended, attempt.finished)
    assert _times(kept.named("run acme")[0]) == _nanoseconds(record.created, record.finished)


def test_an_attempt_names_its_job_and_why_it_failed(scene: SetScene, kept: Kept):
    there = scene({("a", 1): failing(Cause.USER, "no such column")})
    record = there.drive(there.make({"name": "a", "retries": 0}), kept.make)
    (attempt,) = kept.named("attempt a")
    assert attempt.attributes
    assert attempt.attributes["moorage.job"] == record.steps["a"].attempts[0].job
    assert (attempt.attributes["moorage.state"], attempt.attributes["error.type"]) == ("failed", "user")
    assert (attempt.status.status_code, attempt.status.description) == (StatusCode.ERROR, "no such column")
    (raised,) = [event for event in attempt.events if event.name == "exception"]
    assert (raised.attributes or {})["exception.stacktrace"] == "line 1\nline 2"
    assert kept.named("step a")[0].status.status_code is StatusCode.ERROR


def test_a_retried_step_is_one_span_of_several_attempts(scene: SetScene, kept: Kept):
    there = scene({("train", 1): failing(Cause.USER)})
    there.drive(there.make(RETRIED), kept.make)
    (step,) = kept.named("step train")
    assert [_parent(attempt) for attempt in kept.named("attempt train")] == [step.context.span_id] * 2
    assert (step.attributes or {})["moorage.attempts"] == 2
    assert [value for _, value in kept.points("moorage.retries")] == [1]
    assert [labels["moorage.state"] for labels, _ in kept.points("moorage.steps")] == ["succeeded"]


def test_a_cached_step_links_to_the_attempt_that_stands_for_it(scene: SetScene, kept: Kept):
    there = scene()
    first = there.drive(there.make({"name": "a"}), kept.make)
    there.drive(there.make({"name": "a"}), kept.make)
    step = kept.named("step a")[1]
    (link,) = step.links
    assert (step.attributes or {})["moorage.cached"] is True
    assert (link.context.trace_id, link.context.span_id) == (trace_id(first.id), span_id(first.id, "a", "1"))


def test_another_driver_continues_the_same_trace(scene: SetScene, kept: Kept):
    there = scene()
    run = there.make({"name": "a"}, {"name": "b", "after": ["a"]})
    there.drive(run, kept.make, until=lambda event: isinstance(event, events.AttemptFinished))
    record = there.drive(run, kept.make)
    assert sorted(span.name for span in kept.spans) == ["attempt a", "attempt b", "run acme", "step a", "step b"]
    assert {span.context.trace_id for span in kept.spans} == {trace_id(run)}
    assert _times(kept.named("run acme")[0]) == _nanoseconds(record.created, record.finished)


def test_a_run_resumed_after_its_end_gets_one_more_span_that_links_to_the_first(scene: SetScene, kept: Kept):
    there = scene({("b", 1): failing(Cause.USER)})
    run = there.make({"name": "a"}, {"name": "b", "after": ["a"], "retries": 0})
    there.drive(run, kept.make)
    record = there.resume(run, kept.make)
    (first,), (again,) = kept.named("run acme"), kept.named("resume acme")
    assert (_parent(again), [link.context.span_id for link in again.links]) == (span_id(run), [span_id(run)])
    assert _times(again) == _nanoseconds(record.reopened, record.finished)
    failed, succeeded = kept.named("step b")
    assert (_parent(failed), _parent(succeeded)) == (first.context.span_id, again.context.span_id)
    assert succeeded.links[0].context.span_id == span_id(run, "b", "1")


def test_two_drivers_count_each_step_once(scene: SetScene, kept: Kept):
    there = scene()
    run = there.make({"name": "a"}, {"name": "b", "after": ["a"]}, {"name": "c", "after": ["b"]})
    there.drive(run, kept.make, until=lambda event: isinstance(event, events.AttemptFinished))
    there.drive(run, kept.make)
    counted = [labels["moorage.step"] for labels, value in kept.points("moorage.steps") for _ in range(int(value))]
    assert sorted(map(str, counted)) == ["a", "b", "c"]
    assert sum(value for _, value in kept.points("moorage.run.duration")) == 1


def test_waiting_in_the_queue_and_failed_checks_are_counted(scene: SetScene, kept: Kept):
    there = scene({("a", 1): Outcome(StepResult(State.SUCCEEDED, checks=CHECKS), queued=30)})
    there.drive(there.make({"name": "a"}), kept.make)
    assert [value for _, value in kept.points("moorage.attempt.queue")] == [1]
    assert [labels["moorage.contract"] for labels, _ in kept.points("moorage.checks.failed")] == ["acme:Rows"]


def test_gates_skips_and_a_failed_run_are_told(scene: SetScene, kept: Kept):
    there = scene({("a", 1): failing(Cause.OUT_OF_MEMORY)})
    there.drive(there.make({"name": "a"}, {"name": "b", "after": ["a"]}), kept.make)
    (skipped,) = kept.named("step b")
    assert (skipped.attributes or {})["moorage.state"] == "skipped"
    assert kept.named("run acme")[0].status.status_code is StatusCode.ERROR
    states = {labels["moorage.step"]: labels["moorage.state"] for labels, _ in kept.points("moorage.steps")}
    assert states == {"a": "failed", "b": "skipped"}
