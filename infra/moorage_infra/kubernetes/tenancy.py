"""The namespace, what it may hold at one time, what a container may ask for, and who goes first."""

from dataclasses import dataclass

from moorage_infra.kubernetes.objects import Body, Object, pods_with
from moorage_infra.kubernetes.place import SERVED, Place
from moorage_infra.targets import PRIORITY

SERVING_PRIORITY = 10_000
"""Served models go before steps, which have 0, and after what the cluster itself needs."""


def pod_security(level: str) -> dict[str, str]:
    """Return the labels that hold a namespace's pods to a level of the Pod Security Standards."""
    modes = ("enforce", "audit", "warn")
    return {f"pod-security.kubernetes.io/{mode}": level for mode in modes} | {
        f"pod-security.kubernetes.io/{mode}-version": "latest" for mode in modes
    }


def namespace(place: Place) -> Object:
    """Make the namespace; all else goes into it."""
    metadata = place.outside(place.settings.namespace, pod_security("restricted"))
    return Object(place.child("namespace"), "v1", "Namespace", {"metadata": metadata}, place.kept)


@dataclass(frozen=True)
class Priorities:
    """The two classes of pods."""

    steps: Object
    serving: Object


def priorities(place: Place) -> Priorities:
    """Make the classes: a served model takes the place of steps, a step takes nobody's."""
    steps: Body = {
        "metadata": place.outside(place.shared(PRIORITY)),
        "value": 0,
        "preemptionPolicy": "Never",
        "description": "Steps of runs: they wait for a place.",
    }
    serving: Body = {
        "metadata": place.outside(place.shared("serving")),
        "value": SERVING_PRIORITY,
        "preemptionPolicy": "PreemptLowerPriority",
        "description": "Served models: they go before steps.",
    }
    return Priorities(_priority(place, "steps", steps), _priority(place, "serving", serving))


def quota(place: Place) -> Object:
    """Make the bound of what the namespace holds, whatever asks for it."""
    said = place.settings.quota
    gpus = {f"requests.{resource}": str(count) for resource, count in sorted(place.settings.gpus.items())}
    hard = {
        "requests.cpu": said.cpu,
        "requests.memory": said.memory,
        "requests.storage": said.storage,
        "persistentvolumeclaims": str(said.claims),
        "pods": str(said.pods),
        "count/jobs.batch": str(said.jobs),
        "services.loadbalancers": "0",
        "services.nodeports": "0",
        **gpus,
    }
    body: Body = {"metadata": place.inside("quota"), "spec": {"hard": hard}}
    return Object(place.child("quota"), "v1", "ResourceQuota", body, place.kept)


def limits(place: Place) -> Object:
    """Make the bounds of one container; the quota would refuse one that asks for nothing."""
    default, largest = place.settings.limits.default, place.settings.largest
    container = {
        "type": "Container",
        "defaultRequest": {"cpu": default.cpu, "memory": default.memory},
        "max": {"cpu": largest.cpu, "memory": largest.memory},
        # Without a default of its own, a container that names no limit would get the largest one there is.
        "default": {"cpu": largest.cpu, "memory": largest.memory},
    }
    body: Body = {"metadata": place.inside("containers"), "spec": {"limits": [container]}}
    return Object(place.child("limits"), "v1", "LimitRange", body, place.kept)


def disruptions(place: Place) -> Object:
    """Make the bound of served pods that may be missing while nodes are drained."""
    spec: Body = {
        "maxUnavailable": place.settings.serving_disruptions,
        "selector": pods_with(SERVED),
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    body: Body = {"metadata": place.inside("serving"), "spec": spec}
    return Object(place.child("disruptions"), "policy/v1", "PodDisruptionBudget", body, place.kept)


def _priority(place: Place, who: str, body: Body) -> Object:
    return Object(place.child(f"priority-{who}"), "scheduling.k8s.io/v1", "PriorityClass", body, place.kept)
