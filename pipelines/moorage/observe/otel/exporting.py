"""The providers of OpenTelemetry's SDK, set up by its own environment variables."""

import os
from collections.abc import Mapping
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from moorage.errors import TargetError
from moorage.observe.configured import otel_signals
from moorage.observe.otel.given import GivenIds

_SPOKEN = "http/protobuf"
_SECONDS = 3.0  # for one export with its retries: at the end of a run somebody waits for it


def tracer_provider(resource: Resource) -> TracerProvider:
    """Return a provider that exports spans in batches if traces are asked for."""
    provider = TracerProvider(resource=resource, id_generator=GivenIds(), shutdown_on_exit=False)
    if "traces" in otel_signals(os.environ):
        _check_protocol("traces", os.environ)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=_timeout(os.environ, "traces"))))
    return provider


def meter_provider(resource: Resource) -> MeterProvider:
    """Return a provider that exports metrics from time to time if they are asked for."""
    if "metrics" not in otel_signals(os.environ):
        return MeterProvider(resource=resource, shutdown_on_exit=False)
    _check_protocol("metrics", os.environ)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(timeout=_timeout(os.environ, "metrics")))
    return MeterProvider([reader], resource=resource, shutdown_on_exit=False)


def resource_of(instance: str) -> Resource:
    """Return who speaks: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say more, or otherwise.

    Two drivers of one run are two instances, so that their counters do not overwrite each other.
    """
    ours = {"service.name": "moorage", "service.version": version("moorage"), "service.instance.id": instance}
    named = Resource.create({}).attributes
    said = {name for name in ours if name in _said(os.environ) and name in named}
    return Resource.create({name: value for name, value in ours.items() if name not in said})


def _said(environ: Mapping[str, str]) -> set[str]:
    pairs = environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")
    service = {"service.name"} if environ.get("OTEL_SERVICE_NAME") else set()
    return {pair.partition("=")[0].strip() for pair in pairs} | service


def _check_protocol(signal: str, environ: Mapping[str, str]) -> None:
    for name in (f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if asked := environ.get(name, "").strip():
            if asked != _SPOKEN:
                raise TargetError(f"{name} is {asked!r}; moorage speaks {_SPOKEN} (usually port 4318)")
            return


def _timeout(environ: Mapping[str, str], signal: str) -> float | None:
    # None leaves it to the exporter, which reads the variables itself.
    names = ("OTEL_EXPORTER_OTLP_TIMEOUT", f"OTEL_EXPORTER_OTLP_{signal.upper()}_TIMEOUT")
    return None if any(environ.get(name) for name in names) else _SECONDS
