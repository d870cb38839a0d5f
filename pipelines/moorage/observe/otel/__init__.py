"""OpenTelemetry: one trace per run, and what there is to count. Exported by OTLP over HTTP."""

from moorage.observe.otel.observer import Otel

__all__ = ["Otel"]
