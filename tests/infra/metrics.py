"""The metrics that alerts and dashboards ask for, by who has them: the labels of each, as Prometheus keeps them."""

from collections.abc import Mapping

KUEUE: Mapping[str, set[str]] = {"kueue_pending_workloads": {"cluster_queue", "status"}}
"""A running Kueue is asked whether it has them."""

OF_AN_ANSWER = {"endpoint", "service_name", "service_version", "runner_name", "http_response_code"}
BENTOML: Mapping[str, set[str]] = {
    "bentoml_service_request_total": OF_AN_ANSWER,
    "bentoml_service_request_duration_seconds_bucket": OF_AN_ANSWER | {"le"},
}
"""A served Bento is asked whether it has them."""

KUBE_STATE_METRICS: Mapping[str, set[str]] = {
    "kube_job_failed": {"namespace", "job_name", "condition"},
    "kube_pod_status_phase": {"namespace", "pod", "uid", "phase"},
    "kube_resourcequota": {"namespace", "resourcequota", "resource", "type"},
}
"""From docs/metrics/ of kube-state-metrics, all of them stable there."""

DCGM: Mapping[str, set[str]] = {"DCGM_FI_DEV_GPU_UTIL": {"namespace", "pod", "container", "gpu", "Hostname"}}
"""From etc/default-counters.csv of NVIDIA's dcgm-exporter, with the labels that it adds for Kubernetes."""

OF_THE_TARGET = {"namespace", "pod", "container", "endpoint", "service", "job", "instance"}
"""What Prometheus' operator says of who was asked; what a metric calls so itself becomes `exported_...`."""


def _renamed(labels: set[str]) -> set[str]:
    return OF_THE_TARGET | {f"exported_{each}" if each in OF_THE_TARGET else each for each in labels}


STORED: Mapping[str, set[str]] = {
    **{name: _renamed(labels) for name, labels in {**KUEUE, **BENTOML}.items()},
    **{name: OF_THE_TARGET | labels for name, labels in KUBE_STATE_METRICS.items()},
    **{name: _renamed(labels) | labels for name, labels in DCGM.items()},
}
"""All of them as Prometheus keeps them: kube-state-metrics with `honorLabels`, NVIDIA's exporter either way."""
