"""Spans with ids, times and parents that are given, where OpenTelemetry would make them up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

Attributes = Mapping[str, str | bool | int | float]
"""What OpenTelemetry takes as attributes, as far as moorage has such."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class GivenIds(IdGenerator):
    """Returns the ids that were set last."""

    trace = span = 0

    def generate_span_id(self) -> int:
        """Return the given span id."""
        return self.span

    def generate_trace_id(self) -> int:
        """Return the given trace id."""
        return self.trace

    def is_trace_id_random(self) -> bool:
        """Whether samplers may take its bits for random: they are those of a digest."""
        return True


@dataclass(frozen=True)
class GivenSpan:
    """A span that has ended; `parent` is None for the root, `error` is None unless it failed."""

    name: str
    id: int
    parent: int | None
    started: datetime
    finished: datetime
    attributes: Attributes
    error: str | None = None
    links: Sequence[tuple[int, int]] = ()
    events: Sequence[tuple[str, datetime, Attributes]] = field(default=())


class Spans:
    """Sends spans of one trace."""

    def __init__(self, provider: TracerProvider, trace: int) -> None:
        ids = provider.id_generator
        assert isinstance(ids, GivenIds)
        self._provider, self._ids, self._trace = provider, ids, trace
        self._tracer = provider.get_tracer("moorage")
        # A ratio of traces is kept or dropped as a whole, by whichever driver.
        sampled = provider.sampler.should_sample(None, trace, "run").decision.is_sampled()  # type: ignore[no-untyped-call]
        self._flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)

    def send(self, given: GivenSpan) -> None:
        """Hand the span to the exporter."""
        self._ids.trace, self._ids.span = self._trace, given.id
        span = self._tracer.start_span(
            given.name,
            context=Context() if given.parent is None else self._below(given.parent),
            attributes=given.attributes,
            links=[Link(self._context(trace, span)) for trace, span in given.links],
            start_time=_nanoseconds(given.started),
        )
        for name, at, attributes in given.events:
            span.add_event(name, attributes, _nanoseconds(at))
        if given.error is not None:
            span.set_status(Status(StatusCode.ERROR, given.error))
        span.end(_nanoseconds(max(given.finished, given.started)))

    def _below(self, parent: int) -> Context:
        return set_span_in_context(NonRecordingSpan(self._context(self._trace, parent)), Context())

    def _context(self, trace: int, span: int) -> SpanContext:
        return SpanContext(trace, span, is_remote=True, trace_flags=self._flags)


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
