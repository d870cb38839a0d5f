"""Kueue's objects: the kinds of machine, how much of each steps may use, and the queue in which they wait."""

from collections.abc import Mapping, Sequence

from moorage_infra.config import KubernetesSettings
from moorage_infra.config.machines import Flavour, Taint, used, used_gpus, written
from moorage_infra.config.quantities import amount
from moorage_infra.kubernetes.network import NAMESPACE
from moorage_infra.kubernetes.objects import Body, Object
from moorage_infra.kubernetes.place import Place
from moorage_infra.targets import QUEUE

API = "kueue.x-k8s.io/v1beta1"


def queue(place: Place) -> Object:
    """Make the flavours, the cluster's queue over them, and the namespace's own queue, which is returned."""
    flavours = [_flavour(place, each) for each in place.settings.flavours]
    names = {each.name: place.shared(each.name) for each in place.settings.flavours}
    whole = Object(
        place.child("cluster-queue"),
        API,
        "ClusterQueue",
        {"metadata": place.outside(place.settings.namespace), "spec": cluster_queue(place.settings, names)},
        place.after(*flavours),
    )
    return Object(
        place.child("queue"),
        API,
        "LocalQueue",
        {"metadata": place.inside(QUEUE), "spec": {"clusterQueue": place.settings.namespace}},
        place.after(whole),
    )


def _flavour(place: Place, flavour: Flavour) -> Object:
    return Object(
        place.child(f"flavour-{flavour.name}"),
        API,
        "ResourceFlavor",
        {"metadata": place.outside(place.shared(flavour.name)), "spec": resource_flavour(flavour, place.settings)},
        place.options,
    )


def resource_flavour(flavour: Flavour, settings: KubernetesSettings) -> Body:
    """Return the body of one kind of machine: who is let in is sent to these nodes."""
    spot = settings.spot if flavour.spot else None
    taints = [*flavour.taints, *(spot.taints if spot else ())]
    labels = {**flavour.labels, **(spot.labels if spot else {})}
    tainted: Body = {"nodeTaints": [_taint(each) for each in dict.fromkeys(taints)]} if taints else {}
    return {"nodeLabels": labels, **tainted}


def cluster_queue(settings: KubernetesSettings, names: Mapping[str, str]) -> Body:
    """Return the body of the queue: every resource that any flavour has, bounded for each flavour."""
    gpus = sorted({each.gpu.resource for each in settings.flavours if each.gpu})
    spare = _spare(settings) if settings.queue.cohort else {}
    group = {
        "coveredResources": ["cpu", "memory", *gpus],
        "flavors": [_bounded(each, names[each.name], gpus, spare) for each in settings.flavours],
    }
    said = settings.queue
    cohort: Body = {"cohort": said.cohort} if said.cohort else {}
    return {
        "namespaceSelector": {"matchLabels": {NAMESPACE: settings.namespace}},
        "queueingStrategy": "BestEffortFIFO",
        "preemption": {"withinClusterQueue": "Never", "reclaimWithinCohort": "Any" if said.reclaims else "Never"},
        "resourceGroups": [group],
        **cohort,
    }


def _spare(settings: KubernetesSettings) -> Mapping[str, str]:
    # What the namespace would refuse must not be borrowed: it would be let out of the queue, and never start.
    wanted, quota = used(settings.flavours), settings.quota
    gpus = {key: settings.gpus[key] - count for key, count in used_gpus(settings.flavours).items()}
    return {
        "cpu": written(amount(quota.cpu) - amount(wanted.cpu)),
        "memory": written(amount(quota.memory) - amount(wanted.memory)),
        **{key: str(count) for key, count in gpus.items()},
    }


def _bounded(flavour: Flavour, name: str, gpus: Sequence[str], spare: Mapping[str, str]) -> Body:
    own = flavour.gpu.resource if flavour.gpu else None
    amounts = {
        "cpu": flavour.quota.cpu,
        "memory": flavour.quota.memory,
        **{resource: str(flavour.quota.gpus if resource == own else 0) for resource in gpus},
    }
    lent = {key: {"borrowingLimit": spare[key] if key in ("cpu", "memory", own) else "0"} for key in amounts if spare}
    resources = [{"name": key, "nominalQuota": value, **lent.get(key, {})} for key, value in amounts.items()]
    return {"name": name, "resources": resources}


def _taint(taint: Taint) -> Body:
    value: Body = {"value": taint.value} if taint.value else {}
    return {"key": taint.key, **value, "effect": taint.effect}
