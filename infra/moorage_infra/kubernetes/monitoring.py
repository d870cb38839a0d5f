"""What Prometheus and Grafana get: which services to ask, alerts, a dashboard."""

import json

from moorage_infra.config.kubernetes import Monitoring
from moorage_infra.kubernetes.alerts import prometheus_rule
from moorage_infra.kubernetes.dashboard import dashboard
from moorage_infra.kubernetes.objects import Body, Object, pods_with
from moorage_infra.kubernetes.place import SERVED, Place

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
        content = {f"moorage-{place.settings.namespace}.json": json.dumps(shown, indent=1)}
        body: Body = {"metadata": place.inside("dashboard", said.dashboard.labels), "data": content}
        Object(place.child("dashboard"), "v1", "ConfigMap", body, place.options)


def service_monitor() -> Body:
    """Return the body that has every served model asked for its metrics."""
    return {
        "selector": pods_with(SERVED),
        "endpoints": [{"port": METRICS_PORT, "path": "/metrics", "interval": "30s"}],
    }


def _made(place: Place, what: str, kind: str, said: Monitoring, spec: Body) -> Object:
    return Object(
        place.child(what), API, kind, {"metadata": place.inside(what, said.labels), "spec": spec}, place.options
    )
