"""Lower a step job to a Job of batch/v1, or to a JobSet when it has several nodes. Pure."""

import json
import math
from collections.abc import Mapping
from typing import Literal

from pydantic import JsonValue

from moorage.ports import DriverJob, JobName, Request, StepJob
from moorage_kubernetes import pods
from moorage_kubernetes.names import NODES, OWNER, QUEUE, labels_of
from moorage_kubernetes.placing import Object, refuse
from moorage_kubernetes.target import KubernetesTarget

APIS = {"Job": "batch/v1", "JobSet": "jobset.x-k8s.io/v1alpha2"}
NODE_FAILURE: Object = {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
"""A pod that is taken away ends its job, and says so even when the pod is gone: moorage itself tries again."""


class KubernetesRequest(Request):
    """One object to create, whole but for the key that it is submitted under; `secrets` are references."""

    kind: Literal["Job", "JobSet"]
    name: JobName
    body: Mapping[str, JsonValue]
    secrets: Mapping[str, str]


def lower(job: StepJob, target: KubernetesTarget) -> KubernetesRequest:
    """Return the object that runs this job. Raises Unsupported for what this environment cannot give."""
    refuse(job, target)
    kind: Literal["Job", "JobSet"] = "Job" if job.resources.nodes == 1 else "JobSet"
    spec = {"backoffLimit": 0, **_job_spec(job, target)} if kind == "Job" else _jobset_spec(job, target)
    body = _object(APIS[kind], kind, job, target, spec)
    return KubernetesRequest(kind=kind, name=job.name, body=body, secrets=job.secrets)


def _object(api: str, kind: str, job: StepJob, target: KubernetesTarget, spec: Object) -> Object:
    also: Object = {"ttlSecondsAfterFinished": target.keep_seconds, **({"suspend": True} if target.queue else {})}
    queue: Object = {QUEUE: target.queue} if target.queue else {}
    return {"apiVersion": api, "kind": kind, "metadata": metadata(job, target, queue), "spec": {**spec, **also}}


def _jobset_spec(job: StepJob, target: KubernetesTarget) -> Object:
    count = job.resources.nodes
    # A node that fails leaves the others alone: the first of them says why, and ends all.
    each: Object = {
        "completions": count, "parallelism": count, "completionMode": "Indexed", "backoffLimitPerIndex": 0,
    }  # fmt: skip
    nodes: Object = {"name": NODES, "replicas": 1, "template": {"spec": {**_job_spec(job, target), **each}}}
    return {
        "failurePolicy": {"maxRestarts": 0},
        "network": {"enableDNSHostnames": True, "publishNotReadyAddresses": True},
        "replicatedJobs": [nodes],
    }


def _job_spec(job: StepJob, target: KubernetesTarget) -> Object:
    return {
        # For what no driver is left to end: a job that never finds a node.
        "activeDeadlineSeconds": math.ceil(job.queue_seconds + job.timeout_seconds),
        "podFailurePolicy": {"rules": [NODE_FAILURE]},
        "podReplacementPolicy": "Failed",
        "template": pods.template(job, target, labels(job, target)),
    }


def metadata(job: StepJob | DriverJob, target: KubernetesTarget, also: Object = {}) -> Object:  # noqa: B006 - not changed
    """Return name, labels and annotations of the object for the job; `also` are further labels."""
    return {
        "name": job.name,
        "namespace": target.namespace,
        "labels": {**labels(job, target), **also},
        "annotations": {OWNER: json.dumps(job.owner.model_dump(exclude_none=True))},
    }


def labels(job: StepJob | DriverJob, target: KubernetesTarget) -> Object:
    """Return the labels of all that belongs to the job."""
    return {**target.labels, "app.kubernetes.io/managed-by": "moorage", **labels_of(job.owner)}
