"""A dashboard of one environment, as Grafana reads it: the queue, the steps, the served models. Pure."""

import hashlib
from collections.abc import Iterator, Sequence

from moorage_infra.kubernetes.alerts import ASKED

PANEL_WIDTH, PANEL_HEIGHT, ROW_WIDTH = 8, 8, 24
"""In units of Grafana's grid, which is 24 wide."""

UID_LENGTH = 40
"""Grafana refuses a longer one."""

Json = dict[str, object]
"""A part of the dashboard."""


def dashboard(environment: str, namespace: str, gpus: Sequence[str]) -> Json:
    """Return the dashboard; it asks whichever Prometheus the viewer picks."""
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {
        "uid": _uid(namespace),
        "title": f"moorage: {environment}",
        "tags": ["moorage"],
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": [source]},
        "panels": [_panel(number, *each) for number, each in enumerate(_graphs(namespace, gpus))],
    }


def _graphs(namespace: str, gpus: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    here = f'namespace="{namespace}"'
    waiting = f'kueue_pending_workloads{{cluster_queue="{namespace}"}}'
    yield "Steps that wait", f"max by (status) ({waiting})", "{{status}}"
    yield "Pods", f"sum by (phase) (kube_pod_status_phase{{{here}}})", "{{phase}}"
    yield "Jobs that failed", f'sum(kube_job_failed{{{here},condition="true"}})', "failed"
    for title, resource in (("CPUs", "cpu"), ("Memory", "memory"), *((gpu, gpu) for gpu in gpus)):
        quota = f'kube_resourcequota{{{here},resource="requests.{resource}"}}'
        yield f"{title} asked for", f"max by (type) ({quota})", "{{type}}"
    if gpus:
        yield "GPUs at work, in percent", _at_work(namespace), "{{pod}}{{exported_pod}}"
    requests = f"bentoml_service_request_total{{{here},{ASKED}"
    yield "Requests a second", f"sum by (service_name) (rate({requests}}}[5m]))", "{{service_name}}"
    errors = f'sum by (service_name) (rate({requests},http_response_code=~"5.."}}[5m]))'
    yield "Errors a second", errors, "{{service_name}}"
    buckets = f"bentoml_service_request_duration_seconds_bucket{{{here},{ASKED}}}"
    slowest = f"histogram_quantile(0.99, sum by (le, service_name) (rate({buckets}[5m])))"
    yield "99 of 100 answer within, in seconds", slowest, "{{service_name}}"


def _at_work(namespace: str) -> str:
    # NVIDIA's exporter says whose GPU it is, which Prometheus keeps as it is said (`honorLabels`) or as `exported_...`.
    kept = f'avg by (pod) (DCGM_FI_DEV_GPU_UTIL{{namespace="{namespace}"}})'
    return f'{kept} or avg by (exported_pod) (DCGM_FI_DEV_GPU_UTIL{{exported_namespace="{namespace}"}})'


def _uid(namespace: str) -> str:
    whole = f"moorage-{namespace}"
    if len(whole) <= UID_LENGTH:
        return whole
    digest = hashlib.sha256(namespace.encode()).hexdigest()[:8]
    return f"{whole[: UID_LENGTH - 9]}-{digest}"


def _panel(number: int, title: str, expression: str, legend: str) -> Json:
    in_a_row = ROW_WIDTH // PANEL_WIDTH
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "gridPos": {
            "x": number % in_a_row * PANEL_WIDTH,
            "y": number // in_a_row * PANEL_HEIGHT,
            "w": PANEL_WIDTH,
            "h": PANEL_HEIGHT,
        },
        "targets": [{"refId": "A", "expr": expression, "legendFormat": legend}],
    }
