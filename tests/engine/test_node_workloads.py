"""What Kubernetes' own controllers, JobSet and Kueue make of pods that really run, on several nodes of the rig."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine import pods
from tests.engine.pods import FOREVER, POD_IP, SERVE, condition, create, ready, shell, spec, state
from tests.rigs.kubernetes.api import Client, Object
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes.node.running import RunningNode
from tests.rigs.kubernetes.node.settings import SPOT, Gpus
from tests.rigs.kubernetes.plane import Plane

pytestmark = [pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

KUEUE = "/apis/kueue.x-k8s.io/v1beta1"
GPU = "nvidia.com/gpu"
COUNT = """
import os, socket, time
peers = [f"{os.environ['JOBSET_NAME']}-nodes-0-{rank}.{os.environ['JOBSET_NAME']}" for rank in range(2)]
own = int(os.environ["RANK"])
def address(name):
    while True:
        try:
            return socket.gethostbyname(name)
        except OSError:
            time.sleep(0.01)
listener = socket.create_server((os.environ["POD_IP"], 29500))
for rank, name in enumerate(peers):
    if rank != own:
        while True:
            try:
                socket.create_connection((address(name), 29500)).sendall(f"{own}".encode())
                break
            except OSError:
                time.sleep(0.01)
print("met", listener.accept()[0].recv(10).decode())
"""


@pytest.fixture(scope="module", autouse=True)
def nodes(plane: Plane) -> Iterator[tuple[RunningNode, ...]]:
    with (
        join(plane, "gpu", gpus=Gpus(count=2)) as gpu,
        join(plane, "spot", cpu="2", taints=(SPOT,)) as spot,
        join(plane, "arm", cpu="2", architecture="arm64") as arm,
    ):
        yield gpu, spot, arm


def test_pods_go_where_their_architecture_and_tolerations_let_them(client: Client, namespace: str):
    main = shell("echo $NODE", env=[{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}])
    arm = spec(main, nodeSelector={"kubernetes.io/arch": "arm64"})
    assert pods.says(client, namespace, arm, "arm") == "arm\n"
    tolerant = [{"key": SPOT.key, "operator": "Exists"}]
    spot = spec(main, nodeSelector={"kubernetes.io/hostname": "spot"})
    assert pods.says(client, namespace, {**spot, "tolerations": tolerant}, "spot") == "spot\n"
    create(client, namespace, spot, "shy")
    pods.becomes(client, namespace, lambda status: condition(status, "PodScheduled").get("status") == "False", "shy")


def test_each_pod_of_an_indexed_job_does_its_part(client: Client, namespace: str):
    template = spec(shell("echo part $JOB_COMPLETION_INDEX"))
    job = create_job(client, namespace, template, completionMode="Indexed", completions=3, parallelism=3)
    client.until(job, lambda job: job["status"].get("completedIndexes") == "0-2")
    said = {pods.log(client, namespace, each["metadata"]["name"]) for each in pods_of(client, namespace)}
    assert said == {"part 0\n", "part 1\n", "part 2\n"}


def test_a_job_is_failed_by_an_exit_code_that_its_policy_names(client: Client, namespace: str):
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
    policy = {"rules": [rule]}
    job = create_job(client, namespace, spec(shell("exit 42")), backoffLimit=6, podFailurePolicy=policy)
    client.until(job, lambda job: condition(job["status"], "Failed").get("reason") == "PodFailurePolicy")


def test_a_job_does_not_count_a_pod_that_was_evicted(client: Client, namespace: str):
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}
    job = create_job(client, namespace, spec(shell(FOREVER)), backoffLimit=0, podFailurePolicy={"rules": [rule]})
    client.until(job, lambda job: job["status"].get("ready") == 1)
    (first,) = pods_of(client, namespace)
    name = first["metadata"]["name"]
    pods.up(client, namespace, name)
    client.create(f"{pods.path(namespace, name)}/eviction", {"metadata": {"name": name}})
    client.until(pods.path(namespace), lambda found: name not in map(name_of, found["items"]))
    status = client.get(job)["status"]
    assert status.get("failed", 0) == 0
    assert not condition(status, "Failed")


def test_the_pods_of_a_jobset_find_each_other_by_name(client: Client, namespace: str):
    env = [
        {"name": "JOBSET_NAME", "value": "meet"},
        {"name": "RANK", "valueFrom": {"fieldRef": {"fieldPath": INDEX}}},
        POD_IP,
    ]
    template = spec({"name": "main", "image": "any", "command": ["python", "-c", COUNT], "env": env})
    job = {"parallelism": 2, "completions": 2, "completionMode": "Indexed", "template": {"spec": template}}
    jobs = [{"name": "nodes", "replicas": 1, "template": {"spec": job}}]
    sets = f"/apis/jobset.x-k8s.io/v1alpha2/namespaces/{namespace}/jobsets"
    client.create(sets, object_of("jobset.x-k8s.io/v1alpha2", "JobSet", "meet", {"replicatedJobs": jobs}))
    client.until(f"{sets}/meet", lambda made: condition(made.get("status", {}), "Completed").get("status") == "True")
    assert sorted(pods.log(client, namespace, name_of(each)) for each in pods_of(client, namespace)) == [
        "met 0\n",
        "met 1\n",
    ]


def test_a_queue_admits_what_its_gpus_can_take_and_preempts_for_what_is_urgent(client: Client, namespace: str):
    make_queue(client, namespace)
    first = queued_job(client, namespace, "first", "low")
    client.until(first, lambda job: job["status"].get("ready") == 1)
    pods.up(client, namespace, name_of(*pods_of(client, namespace)))
    second = queued_job(client, namespace, "second", "low")
    client.until(f"{KUEUE}/namespaces/{namespace}/workloads", lambda found: len(found["items"]) == 2)
    assert client.get(second)["spec"]["suspend"] is True
    urgent = queued_job(client, namespace, "urgent", "high", "exit 0")
    client.until(urgent, lambda job: condition(job["status"], "Complete").get("status") == "True")
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    client.until(jobs, lambda found: any(job["status"].get("ready") == 1 for job in found["items"]))


def test_a_deployment_rolls_out_and_back(client: Client, namespace: str):
    deployment = deploy(client, namespace, "v1")
    rolled_out(client, deployment, 1)
    client.merge(deployment, {"spec": {"template": {"spec": {"containers": [served("v2")]}}}})
    rolled_out(client, deployment, 2)
    assert versions(client, namespace) == {"v2"}
    client.merge(deployment, {"spec": {"template": {"spec": {"containers": [served("v1")]}}}})
    rolled_out(client, deployment, 3)
    assert versions(client, namespace) == {"v1"}


def test_the_scheduler_preempts_a_pod_that_matters_less(client: Client, namespace: str):
    for name, value in (("minor", 1), ("major", 1000)):
        classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
        client.create(classes, {"metadata": {"name": name}, "value": value})
    many = {"requests": {"cpu": "2"}}
    where = {"kubernetes.io/hostname": "arm"}
    minor = spec(shell(FOREVER, resources=many), nodeSelector=where, priorityClassName="minor")
    since = create(client, namespace, minor, "minor")["metadata"]["resourceVersion"]
    pods.up(client, namespace, "minor")
    major = spec(shell("echo first", resources=many), nodeSelector=where, priorityClassName="major")
    assert pods.says(client, namespace, major, "major") == "first\n"
    events = client.watch(pods.path(namespace), fieldSelector="metadata.name=minor", resourceVersion=since)
    left = next(event["object"]["status"] for event in events if event["type"] == "DELETED")
    assert condition(left, "DisruptionTarget")["reason"] == "PreemptionByScheduler"
    assert state(left)["terminated"]["exitCode"] == 7


def test_a_taint_drives_out_what_does_not_tolerate_it(plane: Plane, client: Client, namespace: str):
    with join(plane, "tainted", labels={"only": "tainted"}):
        only = spec(shell(FOREVER), nodeSelector={"only": "tainted"})
        create(client, namespace, only, finalizers=["test/kept"])
        pods.up(client, namespace)
        taints = [{"key": "reclaimed", "effect": "NoExecute"}]
        client.merge("/api/v1/nodes/tainted", {"spec": {"taints": taints}})
        assert pods.ends(client, namespace) == "Failed"
        status = client.get(pods.path(namespace, "pod"))["status"]
        assert condition(status, "DisruptionTarget")["reason"] == "DeletionByTaintManager"
        client.merge(pods.path(namespace, "pod"), {"metadata": {"finalizers": None}})


INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"


def object_of(version: str, kind: str, name: str, spec: Object, **meta: Any) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **meta}, "spec": spec}


def create_job(client: Client, namespace: str, template: Object, **more: Any) -> str:
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    client.create(jobs, {"metadata": {"name": "job"}, "spec": {"template": {"spec": template}, **more}})
    return f"{jobs}/job"


def pods_of(client: Client, namespace: str) -> list[Object]:
    found: list[Object] = client.get(pods.path(namespace))["items"]
    return found


def name_of(pod: Object) -> str:
    return str(pod["metadata"]["name"])


def make_queue(client: Client, namespace: str) -> None:
    version, name = "kueue.x-k8s.io/v1beta1", namespace
    for priority, value in (("low", 1), ("high", 100)):
        made = object_of(version, "WorkloadPriorityClass", f"{namespace}-{priority}", {})
        client.create(f"{KUEUE}/workloadpriorityclasses", {**made, "value": value})
    client.create(f"{KUEUE}/resourceflavors", object_of(version, "ResourceFlavor", name, {}))
    quota = [{"name": each, "nominalQuota": much} for each, much in (("cpu", "8"), (GPU, "2"))]
    group = {"coveredResources": ["cpu", GPU], "flavors": [{"name": name, "resources": quota}]}
    queue = {
        "namespaceSelector": {},
        "resourceGroups": [group],
        "preemption": {"withinClusterQueue": "LowerPriority"},
    }
    client.create(f"{KUEUE}/clusterqueues", object_of(version, "ClusterQueue", name, queue))
    queues = f"{KUEUE}/namespaces/{namespace}/localqueues"
    client.create(queues, object_of(version, "LocalQueue", "team", {"clusterQueue": name}))


def queued_job(client: Client, namespace: str, name: str, priority: str, script: str = FOREVER) -> str:
    labels = {
        "kueue.x-k8s.io/queue-name": "team",
        "kueue.x-k8s.io/priority-class": f"{namespace}-{priority}",
    }
    resources = {"requests": {"cpu": "100m"}, "limits": {GPU: "2"}}
    template = {"spec": spec(shell(script, resources=resources))}
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    client.create(jobs, {"metadata": {"name": name, "labels": labels}, "spec": {"suspend": True, "template": template}})
    return f"{jobs}/{name}"


def served(version: str) -> Object:
    probe = {"httpGet": {"port": 8080}, "periodSeconds": 1}
    env = [POD_IP, {"name": "VERSION", "value": version}]
    return shell(f"echo $VERSION; {SERVE}", env=env, readinessProbe=probe)


def deploy(client: Client, namespace: str, version: str) -> str:
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [served(version)], "terminationGracePeriodSeconds": 1},
    }
    deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    body = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    client.create(deployments, {"metadata": {"name": "web"}, "spec": body})
    return f"{deployments}/web"


def rolled_out(client: Client, deployment: str, generation: int) -> None:
    counts = ("replicas", "updatedReplicas", "availableReplicas")
    client.until(
        deployment,
        lambda made: (
            made["status"].get("observedGeneration", 0) >= generation
            and all(made["status"].get(count) == 2 for count in counts)
        ),
    )


def versions(client: Client, namespace: str) -> set[str]:
    serving = [each for each in pods_of(client, namespace) if "deletionTimestamp" not in each["metadata"]]
    assert all(ready(each["status"]) for each in serving)
    return {pods.log(client, namespace, name_of(each)).split()[0] for each in serving}
