"""The pods that steps and drivers run in: they may do no more than these need. Pure."""

import math

from pydantic import JsonValue

from moorage.ports import StepJob
from moorage.spec.models import Resources
from moorage.step.node import ADDRESS_VARIABLE, COUNT_VARIABLE, PORT_VARIABLE, RANK_VARIABLE
from moorage.step.request import STEP_VARIABLE
from moorage_kubernetes import placing
from moorage_kubernetes.names import CONTAINER, INDEX, NODES
from moorage_kubernetes.placing import Object
from moorage_kubernetes.target import KubernetesTarget

COMMAND: list[JsonValue] = ["python", "-m", "moorage.step"]
GRACE_SECONDS = 10
"""What a step gets to say that it was told to end: five seconds for its own code, the rest for the store.

Spot machines give 15 to 120 seconds.
"""
MEETING_PORT = 29500
_SCRATCH = "/tmp"


def template(job: StepJob, target: KubernetesTarget, labels: Object) -> Object:
    """Return the template of the pods of this job."""
    container = container_of(
        target, job.image, COMMAND, _environment(job, target), placing.resources(job.resources, target)
    )
    spec: Object = {
        **pod(target, container, job.resources),
        # Counted from the moment a node takes the pod, so that waiting for one costs nothing of it.
        "activeDeadlineSeconds": math.ceil(job.timeout_seconds),
        "serviceAccountName": target.service_account,
        "automountServiceAccountToken": False,
    }
    return {"metadata": {"labels": labels}, "spec": spec}


def pod(target: KubernetesTarget, container: Object, asked: Resources) -> Object:
    """Return the spec of a pod with that container, where nodes have what is asked; without account and deadline."""
    spec: Object = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "enableServiceLinks": False,
        "securityContext": _user(target),
        "tolerations": placing.tolerations(asked, target),
        "containers": [container],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }
    optional: Object = {
        "affinity": placing.affinity(asked, target),
        "nodeSelector": dict(target.node_selector),
        "priorityClassName": target.priority_class,
        "imagePullSecrets": [{"name": name} for name in target.image_pull_secrets],
    }
    return {**spec, **{name: value for name, value in optional.items() if value}}


def container_of(
    target: KubernetesTarget, image: str, command: list[JsonValue], env: list[JsonValue], resources: Object
) -> Object:
    """Return a container that may do no more than it must, and that reaches the store."""
    container: Object = {
        "name": CONTAINER,
        "image": image,
        "command": command,
        "env": env,
        "resources": resources,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "scratch", "mountPath": _SCRATCH}],
    }
    refs: list[JsonValue] = [{"secretRef": {"name": name}} for name in target.store_secrets]
    return {**container, "envFrom": refs} if refs else container


def variables(target: KubernetesTarget, **own: str) -> list[JsonValue]:
    """Return the environment's own variables, and these."""
    # The home is where a container may write: many a library keeps something there.
    plain = {"HOME": _SCRATCH, **target.environment, **own}
    return [{"name": name, "value": value} for name, value in plain.items()]


def _user(target: KubernetesTarget) -> Object:
    who: Object = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return who if target.user is None else {**who, "runAsUser": target.user, "fsGroup": target.user}


def _environment(job: StepJob, target: KubernetesTarget) -> list[JsonValue]:
    found = variables(target, **{STEP_VARIABLE: job.request_uri})
    for name, reference in job.secrets.items():
        secret, _, key = reference.partition("/")
        found.append({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}})
    return [*found, *_meeting(job)] if job.resources.nodes > 1 else found


def _meeting(job: StepJob) -> list[JsonValue]:
    plain = {
        COUNT_VARIABLE: str(job.resources.nodes),
        ADDRESS_VARIABLE: f"{job.name}-{NODES}-0-0.{job.name}",
        PORT_VARIABLE: str(MEETING_PORT),
    }
    rank: JsonValue = {
        "name": RANK_VARIABLE,
        "valueFrom": {"fieldRef": {"fieldPath": f"metadata.annotations['{INDEX}']"}},
    }
    told: list[JsonValue] = [{"name": name, "value": value} for name, value in plain.items()]
    return [*told, rank]
