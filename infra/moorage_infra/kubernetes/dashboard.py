"""A dashboard of one environment, as Grafana reads it: the queue, the steps, the served models. Pure."""

from collections.abc import Iterator, Sequence

PANEL_WIDTH, PANEL_HEIGHT, ROW_WIDTH = 8, 8, 24
"""In units of Grafana's grid, which is 24 wide."""

Json = dict[str, object]
"""A part of the dashboard."""


def dashboard(environment: str, namespace: str, gpus: Sequence[str]) -> Json:
    """Return the dashboard; it asks whichever Prometheus the viewer picks."""
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {
        "uid": f"moorage-{namespace}",
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
    requests = f"bentoml_service_request_total{{{here}"
    yield "Steps that wait", f'kueue_pending_workloads{{cluster_queue="{namespace}"}}', "{{status}}"
    yield "Pods", f"sum by (phase) (kube_pod_status_phase{{{here}}})", "{{phase}}"
    yield "Jobs that failed", f'sum(kube_job_failed{{{here},condition="true"}})', "failed"
    yield "CPUs asked for", f'kube_resourcequota{{{here},resource="requests.cpu"}}', "{{type}}"
    yield "Memory asked for", f'kube_resourcequota{{{here},resource="requests.memory"}}', "{{type}}"
    for gpu in gpus:
        yield f"{gpu} asked for", f'kube_resourcequota{{{here},resource="requests.{gpu}"}}', "{{type}}"
    if gpus:
        yield "GPUs at work, in percent", f"avg by (pod) (DCGM_FI_DEV_GPU_UTIL{{{here}}})", "{{pod}}"
    yield "Requests a second", f"sum by (service_name) (rate({requests}}}[5m]))", "{{service_name}}"
    errors = f'sum by (service_name) (rate({requests},http_response_code=~"5.."}}[5m]))'
    yield "Errors a second", errors, "{{service_name}}"
    buckets = f"bentoml_service_request_duration_seconds_bucket{{{here}}}"
    slowest = f"histogram_quantile(0.99, sum by (le, service_name) (rate({buckets}[5m])))"
    yield "99 of 100 answer within, in seconds", slowest, "{{service_name}}"


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
