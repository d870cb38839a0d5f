"""The control plane of the rig is a real one: its controllers act, and RBAC, webhooks and quotas refuse."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.rigs.kubernetes.api import Client, Object, Refused
from tests.rigs.kubernetes.plane import Plane

pytestmark = [pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

KUEUE = "/apis/kueue.x-k8s.io/v1beta1"
POD = {"containers": [{"name": "main", "image": "none"}], "restartPolicy": "Never"}
GPU = "nvidia.com/gpu"
QUOTA = {"cpu": "8", "memory": "16Gi", GPU: "2"}
QUEUE_NAME = "kueue.x-k8s.io/queue-name"
PRIORITY = "kueue.x-k8s.io/priority-class"


@pytest.fixture
def queue(plane: Plane, client: Client, namespace: str) -> Iterator[str]:
    """A node with two GPUs, which nobody serves, and a queue in the namespace that alone may use them."""
    make_node(client, namespace, {**QUOTA, "pods": "10"})
    with_quota(client, namespace)
    yield "team"
    client.delete(f"/api/v1/nodes/node-{namespace}")


def test_a_job_gets_a_pod(client: Client, namespace: str):
    create_job(client, namespace, "hello")
    assert pods_of(client, namespace, 1)[0]["metadata"]["ownerReferences"][0]["name"] == "hello"


def test_each_pod_of_an_indexed_job_is_told_its_index(client: Client, namespace: str):
    create_job(client, namespace, "ranks", completionMode="Indexed", completions=2, parallelism=2)
    pods = pods_of(client, namespace, 2)
    annotation = "batch.kubernetes.io/job-completion-index"
    assert sorted(pod["metadata"]["annotations"][annotation] for pod in pods) == ["0", "1"]
    (variable,) = pods[0]["spec"]["containers"][0]["env"]
    assert variable["name"] == "JOB_COMPLETION_INDEX"


def test_somebody_without_rights_is_refused(plane: Plane):
    plane.user("nobody", ["strangers"])
    with pytest.raises(Refused, match='User "nobody" cannot list resource "jobs"'):
        plane.client("nobody").get("/apis/batch/v1/namespaces/default/jobs")


def test_a_role_gives_somebody_rights_in_one_namespace(plane: Plane, client: Client, namespace: str):
    plane.user("reader")
    roles = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rules = [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list"]}]
    client.create(f"{roles}/roles", {"metadata": {"name": "jobs"}, "rules": rules})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "jobs"}
    who = [{"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}]
    client.create(f"{roles}/rolebindings", {"metadata": {"name": "jobs"}, "roleRef": role, "subjects": who})
    reader = plane.client("reader")
    assert reader.until(f"/apis/batch/v1/namespaces/{namespace}/jobs", bool, tolerates=(403,))["items"] == []
    with pytest.raises(Refused, match="cannot list"):
        reader.get("/apis/batch/v1/namespaces/default/jobs")


def test_a_jobset_makes_jobs_with_what_its_webhook_adds(client: Client, namespace: str):
    created = create_jobset(client, namespace, {"name": "workers", "replicas": 2, "template": job_template()})
    assert created["spec"]["replicatedJobs"][0]["template"]["spec"]["completionMode"] == "Indexed"
    jobs = client.until(f"/apis/batch/v1/namespaces/{namespace}/jobs", lambda found: len(found["items"]) == 2)
    assert [job["metadata"]["name"] for job in jobs["items"]] == ["set-workers-0", "set-workers-1"]


def test_a_jobset_that_cannot_be_is_refused_in_the_words_of_its_webhook(client: Client, namespace: str):
    with pytest.raises(Refused, match=r'admission webhook "vjobset.kb.io" denied the request: .*depend'):
        create_jobset(
            client,
            namespace,
            {
                "name": "workers",
                "template": job_template(),
                "dependsOn": [{"name": "absent", "status": "Complete"}],
            },
        )


def test_a_job_within_its_quota_is_admitted_and_bound_to_a_node(client: Client, namespace: str, queue: str):
    create_gpu_job(client, namespace, "first", queue)
    (pod,) = client.until(f"/api/v1/namespaces/{namespace}/pods", all_bound(1))["items"]
    assert pod["spec"]["nodeName"] == f"node-{namespace}"


def test_a_job_above_the_quota_is_held_back(client: Client, namespace: str, queue: str):
    create_gpu_job(client, namespace, "first", queue)
    await_suspended(client, namespace, "first", False)
    create_gpu_job(client, namespace, "second", queue)
    workloads = client.until(f"{KUEUE}/namespaces/{namespace}/workloads", lambda found: pending(found["items"]))
    assert "insufficient unused quota for nvidia.com/gpu" in pending(workloads["items"])[0]
    await_suspended(client, namespace, "second", True)


def test_a_job_that_matters_more_takes_the_place_of_another(client: Client, namespace: str, queue: str):
    create_gpu_job(client, namespace, "first", queue)
    await_suspended(client, namespace, "first", False)
    create_gpu_job(client, namespace, "urgent", queue, {PRIORITY: f"{namespace}-urgent"})
    await_suspended(client, namespace, "urgent", False)
    await_suspended(client, namespace, "first", True)


def test_a_job_without_a_queue_is_left_alone(client: Client, namespace: str):
    job = create_job(client, namespace, "free")
    assert not job["spec"]["suspend"]


def job_template(**more: object) -> Object:
    return {"spec": {"backoffLimit": 0, "template": {"spec": POD}, **more}}


def create_job(client: Client, namespace: str, name: str, **more: object) -> Any:
    job = {"metadata": {"name": name}, **job_template(**more)}
    return client.create(f"/apis/batch/v1/namespaces/{namespace}/jobs", job)


def create_gpu_job(client: Client, namespace: str, name: str, queue: str, labels: dict[str, str] | None = None) -> None:
    container = {"name": "main", "image": "none", "resources": {"limits": {GPU: "2", "cpu": "1", "memory": "1Gi"}}}
    labelled = {"name": name, "labels": {QUEUE_NAME: queue, **(labels or {})}}
    # Not on the node of another test, whose own jobs would be without it.
    spec = {"template": {"spec": {**POD, "containers": [container], "nodeSelector": {"only": namespace}}}}
    client.create(f"/apis/batch/v1/namespaces/{namespace}/jobs", {"metadata": labelled, "spec": spec})


def create_jobset(client: Client, namespace: str, *jobs: Object) -> Any:
    body = {
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "metadata": {"name": "set"},
        "spec": {"replicatedJobs": jobs},
    }
    return client.create(f"/apis/jobset.x-k8s.io/v1alpha2/namespaces/{namespace}/jobsets", body)


def make_node(client: Client, only: str, has: dict[str, str]) -> None:
    name = f"node-{only}"
    client.create("/api/v1/nodes", {"metadata": {"name": name, "labels": {"only": only}}})
    ready = {"type": "Ready", "status": "True", "reason": "Rig", "message": ""}
    status = {"capacity": has, "allocatable": has, "conditions": [ready]}
    client.merge(f"/api/v1/nodes/{name}/status", {"status": status})
    client.until(f"/api/v1/nodes/{name}", lambda node: not node["spec"].get("taints"))


def with_quota(client: Client, namespace: str) -> None:
    """Make a queue `team` in the namespace, whose cluster queue has the quota to itself."""
    kinds = {"apiVersion": "kueue.x-k8s.io/v1beta1"}
    flavor = f"{namespace}-flavor"
    resources = [{"name": name, "nominalQuota": amount} for name, amount in QUOTA.items()]
    groups = [{"coveredResources": list(QUOTA), "flavors": [{"name": flavor, "resources": resources}]}]
    spec = {
        "namespaceSelector": {},
        "resourceGroups": groups,
        "preemption": {"withinClusterQueue": "LowerPriority"},
    }
    for path, kind, name, body in (
        ("resourceflavors", "ResourceFlavor", flavor, {"spec": {}}),
        ("clusterqueues", "ClusterQueue", namespace, {"spec": spec}),
        (f"namespaces/{namespace}/localqueues", "LocalQueue", "team", {"spec": {"clusterQueue": namespace}}),
        ("workloadpriorityclasses", "WorkloadPriorityClass", f"{namespace}-urgent", {"value": 1000}),
    ):
        client.create(f"{KUEUE}/{path}", {**kinds, "kind": kind, "metadata": {"name": name}, **body})


def pods_of(client: Client, namespace: str, count: int) -> Sequence[Any]:
    found = client.until(f"/api/v1/namespaces/{namespace}/pods", lambda found: len(found["items"]) == count)
    items: Sequence[Any] = found["items"]
    return items


def all_bound(count: int) -> Callable[[Any], bool]:
    return lambda found: sum("nodeName" in pod["spec"] for pod in found["items"]) == count


def pending(workloads: Sequence[Any]) -> Sequence[str]:
    conditions = [each for workload in workloads for each in workload.get("status", {}).get("conditions", [])]
    return [each["message"] for each in conditions if each["type"] == "QuotaReserved" and each["status"] == "False"]


def await_suspended(client: Client, namespace: str, name: str, wanted: bool) -> None:
    client.until(f"/apis/batch/v1/namespaces/{namespace}/jobs/{name}", lambda job: job["spec"]["suspend"] is wanted)
