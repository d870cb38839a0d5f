"""The alerts of one environment, as the Prometheus operator reads them. Pure."""

Alert = tuple[str, str, str, str]
"""Name, expression, how long it must hold, what it says."""


def prometheus_rule(namespace: str) -> dict[str, object]:
    """Return the body of the rule."""
    rules = [
        {
            "alert": name,
            "expr": expression,
            "for": lasts,
            "labels": {"severity": "warning"},
            "annotations": {"summary": summary},
        }
        for name, expression, lasts, summary in (*_of_steps(namespace), *_of_served_models(namespace))
    ]
    return {"groups": [{"name": f"moorage-{namespace}", "rules": rules}]}


def _of_steps(namespace: str) -> tuple[Alert, ...]:
    quota = f'kube_resourcequota{{namespace="{namespace}"'
    return (
        (
            "MoorageStepsWait",
            f'kueue_pending_workloads{{cluster_queue="{namespace}",status="inadmissible"}} > 0',
            "1h",
            "Steps have waited for an hour for machines that the queue cannot give them.",
        ),
        (
            "MoorageStepsFail",
            f'sum(kube_job_failed{{namespace="{namespace}",condition="true"}}) > 10',
            "15m",
            "More than ten jobs of steps that are still kept have failed: see `moorage runs`.",
        ),
        (
            "MoorageQuotaNearlyUsed",
            f'{quota},type="used"}} / ignoring(type) ({quota},type="hard"}} > 0) > 0.9',
            "30m",
            "The namespace holds more than nine tenths of what it may hold.",
        ),
    )


def _of_served_models(namespace: str) -> tuple[Alert, ...]:
    served = f'bentoml_service_request_total{{namespace="{namespace}"'
    seconds = f'bentoml_service_request_duration_seconds_bucket{{namespace="{namespace}"}}'
    return (
        (
            "MoorageServingErrors",
            f'sum(rate({served},http_response_code=~"5.."}}[5m])) / sum(rate({served}}}[5m])) > 0.05',
            "10m",
            "More than one answer in twenty of the served models is an error of ours.",
        ),
        (
            "MoorageServingSlow",
            f"histogram_quantile(0.99, sum by (le) (rate({seconds}[5m]))) > 1",
            "10m",
            "One answer in a hundred of the served models takes more than a second.",
        ),
    )
