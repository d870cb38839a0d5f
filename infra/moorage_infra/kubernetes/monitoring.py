"""What Prometheus and Grafana get: which services to ask, alerts, a dashboard."""

import json

from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ConfigMap

from moorage_infra.config.kubernetes import Monitoring
from moorage_infra.kubernetes.alerts import prometheus_rule
from moorage_infra.kubernetes.dashboard import dashboard
from moorage_infra.kubernetes.place import SERVED, Place
from moorage_infra.kubernetes.queues import Spec

API = "monitoring.coreos.com/v1"
METRICS_PORT = "http"
"""What the port of a served model's Service is called."""


def monitoring(place: Place, said: Monitoring) -> None:
    """Make what was asked for."""
    _made(place, "services", "ServiceMonitor", said, service_monitor())
    if said.rules:
        _made(place, "alerts", "PrometheusRule", said, prometheus_rule(place.environment, place.settings.namespace))
    if said.dashboard:
        shown = dashboard(place.environment, place.settings.namespace, sorted(place.settings.gpus))
        ConfigMap(
            place.child("dashboard"),
            metadata=place.inside("dashboard", said.dashboard.labels),
            data={f"moorage-{place.settings.namespace}.json": json.dumps(shown, indent=1)},
            opts=place.options,
        )


def service_monitor() -> Spec:
    """Return the body that has every served model asked for its metrics."""
    return {
        "selector": {"matchExpressions": [{"key": SERVED, "operator": "Exists"}]},
        "endpoints": [{"port": METRICS_PORT, "path": "/metrics", "interval": "30s"}],
    }


def _made(place: Place, what: str, kind: str, said: Monitoring, spec: Spec) -> CustomResource:
    return CustomResource(
        place.child(what),
        api_version=API,
        kind=kind,
        metadata=place.inside(what, said.labels),
        spec=spec,
        opts=place.options,
    )
