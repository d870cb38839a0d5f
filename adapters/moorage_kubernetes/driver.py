"""Lower the driver of a run to a Job, so that no other machine has to wait for the run. Pure."""

from pydantic import JsonValue

from moorage.errors import Unsupported
from moorage.ports import DRIVE_VARIABLE, REFUSED_CODE, DriverJob
from moorage.spec.models import Resources
from moorage_kubernetes import pods
from moorage_kubernetes.lower import APIS, KubernetesRequest, labels, metadata
from moorage_kubernetes.placing import Object
from moorage_kubernetes.target import KubernetesTarget

COMMAND: list[JsonValue] = ["python", "-m", "moorage.runs.hosted"]
STARTS = 100
"""How often a driver is started again when it was killed; where its machine was taken away does not count."""
LIFE_SECONDS = 30 * 86400
"""The most that a driver may take, so that none is there for ever: it can be started again by `moorage resume`."""
RESOURCES: Object = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}
"""A driver of 1,000 steps takes 60 MiB, and the platform's client as much again."""
DISRUPTED: Object = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
NO_RUN: Object = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [REFUSED_CODE]}}


def lower_driver(job: DriverJob, target: KubernetesTarget) -> KubernetesRequest:
    """Return the Job that drives the run. Raises Unsupported where the environment has no account for drivers."""
    if target.driver_service_account is None:
        seen = "drivers do not run inside this environment: it does not say where its API server is"
        raise Unsupported(seen, fix="name it in the stack, `network.api_server`, or leave `--detach` out")
    spec: Object = {
        "backoffLimit": STARTS,
        "activeDeadlineSeconds": LIFE_SECONDS,
        "ttlSecondsAfterFinished": target.keep_seconds,
        "podReplacementPolicy": "Failed",  # never two of them
        "podFailurePolicy": {"rules": [DISRUPTED, NO_RUN]},
        "template": {"metadata": {"labels": labels(job, target)}, "spec": _pod(job, target)},
    }
    body: Object = {"apiVersion": APIS["Job"], "kind": "Job", "metadata": metadata(job, target), "spec": spec}
    return KubernetesRequest(kind="Job", name=job.name, body=body, secrets={})


def inside(target: KubernetesTarget) -> KubernetesTarget:
    """Return the target as a pod of the cluster sees it: reached by the pod's own account."""
    return target.model_copy(update={"context": None, "kubeconfig": None})


def _pod(job: DriverJob, target: KubernetesTarget) -> Object:
    env = pods.variables(target, **{DRIVE_VARIABLE: job.document_uri})
    container = pods.container_of(target, job.image, COMMAND, env, RESOURCES)
    account: Object = {"serviceAccountName": target.driver_service_account, "automountServiceAccountToken": True}
    return {**pods.pod(target, container, Resources()), **account}
