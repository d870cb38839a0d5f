"""The alerts of one environment, as the Prometheus operator reads them. Pure."""

Alert = tuple[str, str, str, str]
"""Name, expression, how long it must hold, what it says: a template of Prometheus."""

VALUE, PERCENTAGE, DURATION = "{{ $value }}", "{{ $value | humanizePercentage }}", "{{ $value | humanizeDuration }}"
RESOURCE, MODEL = "{{ $labels.resource }}", "{{ $labels.service_name }}"
ASKED = 'exported_endpoint=~"/predict|/invocations"'
"""What a model was asked, and not whether it lives. Prometheus' operator calls the port of a target `endpoint`, so what
BentoML calls that becomes `exported_endpoint`."""


def prometheus_rule(environment: str, namespace: str) -> dict[str, object]:
    """Return the body of the rule."""
    # A sum has no namespace any more, and by it an Alertmanager knows whom an alert is for.
    labels = {"severity": "warning", "namespace": namespace}
    rules = [
        {"alert": name, "expr": expression, "for": lasts, "labels": labels, "annotations": {"summary": summary}}
        for name, expression, lasts, summary in (
            *_of_steps(environment, namespace),
            *_of_served_models(environment, namespace),
        )
    ]
    return {"groups": [{"name": f"moorage-{namespace}", "rules": rules}]}


def _of_steps(environment: str, namespace: str) -> tuple[Alert, ...]:
    # `max` takes away which pod was asked: when an exporter is restarted, an alert does not begin anew.
    quota = f'kube_resourcequota{{namespace="{namespace}"'
    used, hard = (f'max by (resource) ({quota},type="{kind}"}})' for kind in ("used", "hard"))
    return (
        (
            "MoorageStepsWait",
            f'max(kueue_pending_workloads{{cluster_queue="{namespace}",status="inadmissible"}}) > 0',
            "1h",
            f"For an hour the queue of {environment} has had no machines for some steps; "
            f"{VALUE} wait now: `kubectl -n {namespace} get workloads` shows them.",
        ),
        (
            "MoorageStepsFail",
            f'sum(kube_job_failed{{namespace="{namespace}",condition="true"}}) > 10',
            "15m",
            f"{VALUE} jobs of {environment} that are still kept have failed: see `moorage runs -e {environment}`.",
        ),
        (
            "MoorageQuotaNearlyUsed",
            f"{used} / ({hard} > 0) > 0.9",
            "30m",
            f"{environment} holds {PERCENTAGE} of the {RESOURCE} that its namespace may hold.",
        ),
    )


def _of_served_models(environment: str, namespace: str) -> tuple[Alert, ...]:
    answers = f'bentoml_service_request_total{{namespace="{namespace}",{ASKED}'
    seconds = f'bentoml_service_request_duration_seconds_bucket{{namespace="{namespace}",{ASKED}}}'
    failed = f'sum by (service_name) (rate({answers},http_response_code=~"5.."}}[5m]))'
    return (
        (
            "MoorageServingErrors",
            f"{failed} / sum by (service_name) (rate({answers}}}[5m])) > 0.05",
            "10m",
            f"{PERCENTAGE} of the answers of {MODEL} in {environment} are errors of its own.",
        ),
        (
            "MoorageServingSlow",
            f"histogram_quantile(0.99, sum by (le, service_name) (rate({seconds}[5m]))) > 1",
            "10m",
            f"One answer in a hundred of {MODEL} in {environment} takes more than {DURATION}.",
        ),
    )
