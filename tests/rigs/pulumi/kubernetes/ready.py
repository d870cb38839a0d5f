"""When an object is not only there but does what it is for, kind by kind, as the real provider waits for it."""

import time
from collections.abc import Callable
from threading import Event

from tests.rigs.kubernetes.api import Object
from tests.rigs.pulumi.kubernetes.cluster import Cluster, NoKind

DEFAULT_SECONDS = 600.0
DELETION_SECONDS = 300.0
LOOK_SECONDS = 1
"""How long a watch goes on before we look at the clock and at whether the engine cancelled."""
SETTLE_SECONDS = 0.05
"""What the server may take to serve a kind whose definition it has established."""

Check = Callable[[Object, Cluster], list[str]]
"""What is still missing, in words; nothing when the object is ready. Raises Failed when it never will be."""


class Failed(Exception):
    """The platform says that it gave up."""


def unready(live: Object, cluster: Cluster) -> list[str]:
    """Return what an object lacks at this moment. Raises Failed."""
    group, _, _ = live["apiVersion"].rpartition("/")
    check = CHECKS.get((group, live["kind"]))
    return check(live, cluster) if check else []


def wait(live: Object, cluster: Cluster, seconds: float, cancelled: Event) -> tuple[Object, list[str]]:
    """Return the object when it is ready, or when the time is over, with what it lacks then."""
    deadline = time.monotonic() + (seconds or DEFAULT_SECONDS)
    while True:
        try:
            lacks = unready(live, cluster)
        except Failed as failed:
            return live, [str(failed)]
        if not lacks:
            return live, []
        if cancelled.is_set():
            return live, ["cancelled while waiting for it", *lacks]
        if time.monotonic() >= deadline:
            return live, ["timed out while waiting for it", *lacks]
        _look(live, cluster, cancelled)
        live = cluster.get(live) or live


def wait_gone(live: Object, cluster: Cluster, seconds: float, cancelled: Event) -> list[str]:
    """Return when an object is gone, or why it is not."""
    deadline = time.monotonic() + (seconds or DELETION_SECONDS)
    uid = live["metadata"].get("uid")
    while (seen := cluster.get(live)) and seen["metadata"]["uid"] == (uid or seen["metadata"]["uid"]):
        finalizers = ", ".join(seen["metadata"].get("finalizers") or []) or "none"
        conditions = [each["message"] for each in _conditions(seen).values() if each.get("message")]
        if cancelled.is_set():
            return ["cancelled while waiting for it to go"]
        if time.monotonic() >= deadline:
            return [f"timed out while waiting for it to go; its finalizers are: {finalizers}", *conditions]
        _look(seen, cluster, cancelled)
    return []


def _look(live: Object, cluster: Cluster, cancelled: Event) -> None:
    metadata = live["metadata"]
    collection = cluster.kind(live["apiVersion"], live["kind"]).collection(metadata.get("namespace"))
    if live["kind"] == "Service":
        slices = f"/apis/discovery.k8s.io/v1/namespaces/{metadata['namespace']}/endpointslices"
        cluster.wait_for_news(slices, LOOK_SECONDS, labelSelector=f"kubernetes.io/service-name={metadata['name']}")
    elif live["kind"] == "CustomResourceDefinition" and not _lacks_conditions(live, "Established"):
        cancelled.wait(SETTLE_SECONDS)
    else:
        since = {"resourceVersion": metadata["resourceVersion"]}
        cluster.wait_for_news(collection, LOOK_SECONDS, fieldSelector=f"metadata.name={metadata['name']}", **since)


def _conditions(live: Object) -> dict[str, Object]:
    return {each["type"]: each for each in live.get("status", {}).get("conditions") or []}


def _lacks_conditions(live: Object, *wanted: str) -> list[str]:
    found = _conditions(live)
    lacking = [name for name in wanted if found.get(name, {}).get("status") != "True"]
    return [f"{name}: {found.get(name, {}).get('message') or 'not yet'}" for name in lacking]


def _deployment(live: Object, cluster: Cluster) -> list[str]:
    status, wanted = live.get("status", {}), live["spec"].get("replicas", 1)
    progress = _conditions(live).get("Progressing", {})
    if progress.get("status") == "False":
        raise Failed(f"{progress.get('reason')}: {progress.get('message')}")
    if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
        return ["its controller has not seen it yet"]
    have = min(status.get("updatedReplicas", 0), status.get("availableReplicas", 0))
    if have >= wanted and status.get("replicas", 0) <= wanted:
        return []
    return [f"{have} of {wanted} pods are live", *_pods(live, cluster)]


def _stateful_set(live: Object, cluster: Cluster) -> list[str]:
    status, wanted = live.get("status", {}), live["spec"].get("replicas", 1)
    have = min(status.get("updatedReplicas", 0), status.get("readyReplicas", 0))
    seen = status.get("observedGeneration", 0) >= live["metadata"]["generation"]
    return [] if seen and have >= wanted else [f"{have} of {wanted} pods are ready", *_pods(live, cluster)]


def _daemon_set(live: Object, cluster: Cluster) -> list[str]:
    status = live.get("status", {})
    wanted, have = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
    seen = status.get("observedGeneration", 0) >= live["metadata"]["generation"]
    return [] if seen and have >= wanted else [f"{have} of {wanted} pods are ready", *_pods(live, cluster)]


def _pods(live: Object, cluster: Cluster) -> list[str]:
    labels = live["spec"]["selector"].get("matchLabels") or {}
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    pods = cluster.list(f"/api/v1/namespaces/{live['metadata']['namespace']}/pods", labelSelector=selector)
    return [f"[Pod {pod['metadata']['name']}] {why}" for pod in pods for why in _pod(pod, cluster)]


def _pod(live: Object, cluster: Cluster) -> list[str]:
    status = live.get("status", {})
    if status.get("phase") == "Succeeded":
        return []
    waiting = [
        f"container {each['name']}: {state.get('reason')}: {state.get('message', '')}"
        for each in status.get("containerStatuses") or []
        if (state := each.get("state", {}).get("waiting") or each.get("state", {}).get("terminated"))
    ]
    return [*_lacks_conditions(live, "PodScheduled", "Initialized", "Ready"), *waiting]


def _job(live: Object, cluster: Cluster) -> list[str]:
    failed = _conditions(live).get("Failed", {})
    if failed.get("status") == "True":
        raise Failed(f"{failed.get('reason')}: {failed.get('message')}")
    return [] if live["spec"].get("suspend") else _lacks_conditions(live, "Complete")


def _service(live: Object, cluster: Cluster) -> list[str]:
    spec, metadata = live["spec"], live["metadata"]
    if spec.get("type") == "LoadBalancer" and not live.get("status", {}).get("loadBalancer", {}).get("ingress"):
        return ["no address of a load balancer was given to it"]
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None" or not spec.get("selector"):
        return []
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{metadata['namespace']}/endpointslices"
    found = cluster.list(slices, labelSelector=f"kubernetes.io/service-name={metadata['name']}")
    ready = [each for one in found for each in one.get("endpoints") or [] if each["conditions"].get("ready")]
    return [] if ready else ["it does not target any ready pods"]


def _claim(live: Object, cluster: Cluster) -> list[str]:
    if live.get("status", {}).get("phase") == "Bound":
        return []
    name = live["spec"].get("storageClassName")
    classes = cluster.list("/apis/storage.k8s.io/v1/storageclasses") if name else []
    later = {each["metadata"]["name"] for each in classes if each.get("volumeBindingMode") == "WaitForFirstConsumer"}
    return [] if name in later else ["it is bound to no volume"]


def _volume(live: Object, cluster: Cluster) -> list[str]:
    phase = live.get("status", {}).get("phase")
    return [] if phase in ("Available", "Bound") else [f"its phase is {phase}"]


def _ingress(live: Object, cluster: Cluster) -> list[str]:
    given = live.get("status", {}).get("loadBalancer", {}).get("ingress")
    return [] if given else ["no address of a load balancer was given to it"]


def _quota(live: Object, cluster: Cluster) -> list[str]:
    same = live.get("status", {}).get("hard") == live["spec"].get("hard")
    return [] if same else ["its limits are not in force"]


def _definition(live: Object, cluster: Cluster) -> list[str]:
    if lacks := _lacks_conditions(live, "NamesAccepted", "Established"):
        return lacks
    spec = live["spec"]
    served = [f"{spec['group']}/{each['name']}" for each in spec["versions"] if each["served"]]
    try:
        for version in served:
            cluster.kind(version, spec["names"]["kind"])
    except NoKind as error:
        return [str(error)]
    return []


CHECKS: dict[tuple[str, str], Check] = {
    ("", "PersistentVolume"): _volume,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "ResourceQuota"): _quota,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
    ("networking.k8s.io", "Ingress"): _ingress,
}
