"""The namespace, what it may hold at one time, what a container may ask for, and who goes first."""

from dataclasses import dataclass

from pulumi_kubernetes.core.v1 import (
    LimitRange,
    LimitRangeItemArgs,
    LimitRangeSpecArgs,
    Namespace,
    ResourceQuota,
    ResourceQuotaSpecArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, LabelSelectorRequirementArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs
from pulumi_kubernetes.scheduling.v1 import PriorityClass

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


def namespace(place: Place) -> Namespace:
    """Make the namespace; all else goes into it."""
    return Namespace(
        place.child("namespace"),
        metadata=place.outside(place.settings.namespace, pod_security("restricted")),
        opts=place.kept,
    )


@dataclass(frozen=True)
class Priorities:
    """The two classes of pods."""

    steps: PriorityClass
    serving: PriorityClass


def priorities(place: Place) -> Priorities:
    """Make the classes: a served model takes the place of steps, a step takes nobody's."""
    steps = PriorityClass(
        place.child("priority-steps"),
        metadata=place.outside(place.shared(PRIORITY)),
        value=0,
        preemption_policy="Never",
        description="Steps of runs: they wait for a place.",
        opts=place.kept,
    )
    serving = PriorityClass(
        place.child("priority-serving"),
        metadata=place.outside(place.shared("serving")),
        value=SERVING_PRIORITY,
        preemption_policy="PreemptLowerPriority",
        description="Served models: they go before steps.",
        opts=place.kept,
    )
    return Priorities(steps, serving)


def quota(place: Place) -> ResourceQuota:
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
    return ResourceQuota(
        place.child("quota"),
        metadata=place.inside("quota"),
        spec=ResourceQuotaSpecArgs(hard=hard),
        opts=place.kept,
    )


def limits(place: Place) -> LimitRange:
    """Make the bounds of one container; the quota would refuse one that asks for nothing."""
    default, largest = place.settings.limits.default, place.settings.largest
    container = LimitRangeItemArgs(
        type="Container",
        default_request={"cpu": default.cpu, "memory": default.memory},
        max={"cpu": largest.cpu, "memory": largest.memory},
        # Without a default of its own, a container that names no limit would get the largest one there is.
        default={"cpu": largest.cpu, "memory": largest.memory},
    )
    return LimitRange(
        place.child("limits"),
        metadata=place.inside("containers"),
        spec=LimitRangeSpecArgs(limits=[container]),
        opts=place.kept,
    )


def disruptions(place: Place) -> PodDisruptionBudget:
    """Make the bound of served pods that may be missing while nodes are drained."""
    served = LabelSelectorRequirementArgs(key=SERVED, operator="Exists")
    return PodDisruptionBudget(
        place.child("disruptions"),
        metadata=place.inside("serving"),
        spec=PodDisruptionBudgetSpecArgs(
            max_unavailable=place.settings.serving_disruptions,
            selector=LabelSelectorArgs(match_expressions=[served]),
            unhealthy_pod_eviction_policy="AlwaysAllow",
        ),
        opts=place.kept,
    )
