"""The checks of a cluster before Pulumi starts: is it there, may we, does it have what the stack asks for?"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

from moorage.errors import TargetError
from moorage.operations import Check, Finding
from moorage_kubernetes.operate import nodes
from moorage_kubernetes.operate.asked import Asked
from moorage_kubernetes.operate.cluster import Cluster
from moorage_kubernetes.operate.inventory import ENVIRONMENT
from moorage_kubernetes.operate.rights import (
    KUEUE,
    MONITORING,
    RBAC,
    Right,
    lacking,
    rights_to_give,
    rights_to_make,
)

AT_ONCE = 8
ADDON = {
    KUEUE: "install Kueue, of a version that serves it",
    "jobset.x-k8s.io": "install JobSet, or set `jobset: false` in the stack",
    MONITORING: "install the Prometheus operator, or take `monitoring` out of the stack",
    "resource.k8s.io": "take `devices.device_class` out of the stack, or move to a newer Kubernetes",
}
"""What to do about an API that a cluster does not have, by its group."""


def checks(asked: Asked, environment: str) -> Sequence[Check]:
    """Return all of them; the cluster is reached once, when the first is asked."""
    reach = cache(partial(Cluster, asked))
    questions: dict[str, Callable[[Asked, Cluster], Finding]] = {
        "rights": _rights, "owner": partial(_owner, environment), "crds": _definitions, "gpus": _gpus,
        "quota": _quota,
    }  # fmt: skip
    rest = [Check(name, partial(_ask, ask, asked, reach), needs="api") for name, ask in questions.items()]
    return (Check("api", lambda: _api(reach())), *rest)


def _ask(question: Callable[[Asked, Cluster], Finding], asked: Asked, reach: Callable[[], Cluster]) -> Finding:
    return question(asked, reach())


def _api(cluster: Cluster) -> Finding:
    version = cluster.get("/version")
    if version is None:
        raise TargetError(f"{cluster.host} is no API server of Kubernetes", fix="see where the context leads")
    return Finding(True, f"Kubernetes {version['gitVersion']} at {cluster.host}")


def _rights(asked: Asked, cluster: Cluster) -> Finding:
    if cluster.may("*", "*", "*"):
        return Finding(True, "everything")
    make, give = rights_to_make(asked), rights_to_give(asked)
    space = asked.namespace
    free = {verb: Right(verb, RBAC, "roles", space) for verb in ("escalate", "bind")}
    wanted = list(dict.fromkeys((*make, *give, *free.values())))
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        has = dict(zip(wanted, pool.map(lambda right: cluster.may(*right), wanted), strict=True))
    lacks = [right for right in make if not has[right]]
    if not (has[free["escalate"]] and has[free["bind"]]):
        lacks += [right for right in give if not has[right] and right not in lacks]
    if not lacks:
        return Finding(True, f"all {len(wanted) - len(free)} that it takes")
    return Finding(False, f"you may not {lacking(lacks)}", "have a role with these rights bound to you")


def _owner(environment: str, asked: Asked, cluster: Cluster) -> Finding:
    space = asked.namespace
    found = cluster.get(f"/api/v1/namespaces/{space}")
    if found is None:
        return Finding(True, f"{space} is to be made")
    if found["metadata"].get("deletionTimestamp"):
        return Finding(False, f"the namespace {space} is being removed", "wait until it is gone")
    owner = (found["metadata"].get("labels") or {}).get(ENVIRONMENT)
    if owner == environment:
        return Finding(True, f"{space} is this environment's")
    whose = f"is the environment {owner}'s" if owner else "is there, and no stack of moorage made it"
    seen = f"the namespace {space} {whose}: `up` would take it over, and `down` remove it with all that is in it"
    return Finding(False, seen, "choose another `namespace`; `--skip owner` when it shall be taken over")


def _definitions(asked: Asked, cluster: Cluster) -> Finding:
    lacks = list(_missing(asked, cluster))
    if lacks:
        fixes = dict.fromkeys(ADDON[group] for group, _ in lacks)
        return Finding(False, "; ".join(seen for _, seen in lacks), "; ".join(fixes))
    return Finding(True, ", ".join(f"{group}/{version}" for group, version, _ in _wanted(asked)))


def _missing(asked: Asked, cluster: Cluster) -> Iterator[tuple[str, str]]:
    for group, version, kinds in _wanted(asked):
        there = cluster.resources(f"{group}/{version}")
        if lacks := [kind for kind in kinds if kind not in there]:
            served = cluster.versions(group)
            instead = f" (it serves {', '.join(served)})" if served and version not in served else ""
            yield group, f"the cluster has no {', '.join(lacks)} of {group}/{version}{instead}"


def _wanted(asked: Asked) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    yield KUEUE, "v1beta1", ("ClusterQueue", "LocalQueue", "ResourceFlavor", "Workload")
    if asked.jobset:
        yield "jobset.x-k8s.io", "v1alpha2", ("JobSet",)
    if asked.monitoring:
        yield MONITORING, "v1", ("ServiceMonitor", *(("PrometheusRule",) if asked.monitoring.rules else ()))
    if asked.devices and asked.devices.device_class:
        yield "resource.k8s.io", "v1", ("DeviceClass",)


def _gpus(asked: Asked, cluster: Cluster) -> Finding:
    if not any(flavour.gpu for flavour in asked.flavours):
        return Finding(True, "the stack asks for none")
    seen, lacks = nodes.gpus(asked, nodes.nodes(cluster))
    fix = "set `labels` and `per_node` to what nodes have; `--skip gpus` where they come when they are needed"
    return Finding(False, "; ".join(lacks), fix) if lacks else Finding(True, "; ".join(seen))


def _quota(asked: Asked, cluster: Cluster) -> Finding:
    seen, lacks = nodes.quota(asked, nodes.nodes(cluster))
    fix = "lower `quota` and `flavours[].quota`, or mend `labels`; `--skip quota` where nodes come when they are needed"
    return Finding(False, "; ".join(lacks), fix) if lacks else Finding(True, seen)
