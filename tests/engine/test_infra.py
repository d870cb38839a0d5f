"""The stacks of this repository, up on a real control plane: what they make holds, and is what the adapter needs."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from moorage.cli.exits import run
from moorage.environments import load_environment, target_of
from moorage.ports import JobName, Owner, StepJob
from moorage.spec.models import Gpu, Resources
from moorage_infra.targets import kubernetes_target
from moorage_kubernetes.lower import KubernetesRequest, lower
from moorage_kubernetes.role import rules
from tests.engine.tools import Tools
from tests.infra.engine import copy_of_the_project, define_monitoring, make_stack, world
from tests.infra.stacks import NAMES, settings
from tests.rigs.kubernetes.api import Client, Refused
from tests.rigs.kubernetes.plane import Plane
from tests.rigs.pulumi.events import Outcome
from tests.rigs.pulumi.stack import Stack

pytestmark = [pytest.mark.engine("Pulumi", "Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
IMAGE = f"registry.example.org/steps@sha256:{'0' * 64}"

WRONG = """
import pulumi_kubernetes

cluster = pulumi_kubernetes.Provider("cluster", kubeconfig="~/.kube/config", context="onprem")
pulumi_kubernetes.apiextensions.CustomResource(
    "wrong",
    api_version="kueue.x-k8s.io/v1beta1",
    kind="LocalQueue",
    metadata={"name": "wrong", "namespace": "moorage"},
    spec={"clusterQeue": "moorage"},
    opts=pulumi.ResourceOptions(provider=cluster),
)
"""


@dataclass(frozen=True)
class Standing:
    """All stacks, up beside each other."""

    stacks: dict[str, Stack]
    ups: dict[str, Outcome]


@pytest.fixture(scope="module")
def standing(engine: Tools, plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> Standing:
    define_monitoring(plane.client())
    folder = tmp_path_factory.mktemp("infra")
    project, home = copy_of_the_project(folder), world(folder, plane.kubeconfig)
    stacks = {name: make_stack(engine.pulumi, project, home, name) for name in NAMES}
    return Standing(stacks, {name: stack.up() for name, stack in stacks.items()})


@cache
def namespace_of(stack: str) -> str:
    return settings(stack).namespace


def account(plane: Plane, stack: str, name: str, folder: Path) -> Client:
    path = f"/api/v1/namespaces/{namespace_of(stack)}/serviceaccounts/{name}/token"
    file = folder / f"{stack}-{name}.token"
    file.write_text(plane.client().create(path, {"spec": {}})["status"]["token"])
    return Client(plane.url, plane.ca, file)


def may(client: Client, stack: str, who: str, verb: str, resource: str, group: str = "", name: str = "") -> bool:
    """Return whether an account of the stack's namespace may do that there."""
    namespace = namespace_of(stack)
    resource, _, part = resource.partition("/")
    asked = {"namespace": namespace, "verb": verb, "resource": resource, "group": group}
    asked |= {key: value for key, value in (("subresource", part), ("name", name)) if value}
    user = f"system:serviceaccount:{namespace}:{who}"
    answer = client.create(REVIEWS, {"spec": {"user": user, "resourceAttributes": asked}})
    return bool(answer["status"]["allowed"])


def job(resources: Resources, name: str = "mr-1-train-1-abc") -> StepJob:
    owner = Owner(environment="onprem", pipeline="loans", run="1", step="train", attempt=1)
    return StepJob(
        name=JobName(name), owner=owner, image=IMAGE, request_uri="s3://moorage/x", resources=resources,
        timeout_seconds=60,
    )  # fmt: skip


def lowered(stack: str, resources: Resources, name: str = "mr-1-train-1-abc") -> KubernetesRequest:
    return lower(job(resources, name), kubernetes_target(settings(stack)))


@pytest.mark.parametrize("stack", NAMES)
def test_a_stack_goes_up_and_then_there_is_nothing_to_do(standing: Standing, stack: str):
    assert standing.ups[stack].ok, standing.ups[stack].errors
    again = standing.stacks[stack].preview("--expect-no-changes")
    assert again.ok, again.stdout
    assert again.ops == {}


def test_a_preview_tries_every_object_on_the_server(engine: Tools, plane: Plane, standing: Standing, tmp_path: Path):
    project = copy_of_the_project(tmp_path)
    fresh = make_stack(engine.pulumi, project, world(tmp_path, plane.kubeconfig), "onprem")
    assert set(fresh.preview().ops.values()) == {"create"}
    program = project / "infra" / "__main__.py"
    program.write_text(program.read_text() + WRONG)
    refused = fresh.preview()
    assert not refused.ok
    assert ".spec.clusterQeue: field not declared in schema" in refused.errors


@pytest.mark.parametrize("stack", NAMES)
def test_nothing_that_the_server_knows_better_is_found_by_a_refresh(standing: Standing, stack: str):
    found = standing.stacks[stack].run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert found.ok, found.stdout


@pytest.mark.parametrize("stack", NAMES)
def test_what_a_stack_exports_is_kept_and_read_as_the_adapters_target(
    standing: Standing, stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    outputs = standing.stacks[stack].outputs()
    assert list(outputs) == ["environment"]
    (tmp_path / "document.json").write_text(json.dumps(outputs["environment"]))
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    assert run(["env", "pull", stack, "--from", "document.json"]) == 0
    kept = load_environment(stack, tmp_path)
    assert target_of(kept) == kubernetes_target(settings(stack))
    assert (kept.platform, kept.store) == ("kubernetes", settings(stack).store.uri)


@pytest.mark.parametrize("stack", NAMES)
def test_a_driver_may_do_what_the_adapter_uses(standing: Standing, client: Client, stack: str):
    for rule in rules(kubernetes_target(settings(stack))):
        for verb in rule.verbs:
            for name in rule.names or ("",):
                assert may(client, stack, "driver", verb, rule.resource, rule.group, name), (rule, verb)


@pytest.mark.parametrize("stack", NAMES)
@pytest.mark.parametrize(
    ("verb", "resource", "group"),
    [
        ("list", "secrets", ""),
        ("create", "pods", ""),
        ("create", "pods/exec", ""),
        ("create", "serviceaccounts/token", ""),
        ("create", "roles", "rbac.authorization.k8s.io"),
        ("update", "resourcequotas", ""),
        ("delete", "networkpolicies", "networking.k8s.io"),
        ("update", "clusterqueues", "kueue.x-k8s.io"),
    ],
)
def test_a_driver_may_do_no_more(standing: Standing, client: Client, stack: str, verb: str, resource: str, group: str):
    assert not may(client, stack, "driver", verb, resource, group)


@pytest.mark.parametrize("stack", NAMES)
@pytest.mark.parametrize("who", ["steps", "serving", "default"])
def test_steps_and_served_models_may_do_nothing(standing: Standing, client: Client, stack: str, who: str):
    for rule in rules(kubernetes_target(settings(stack))):
        for verb in rule.verbs:
            assert not may(client, stack, who, verb, rule.resource, rule.group)


def test_a_driver_may_do_nothing_in_another_environment(standing: Standing, plane: Plane, tmp_path: Path):
    driver = account(plane, "onprem", "driver", tmp_path)
    with pytest.raises(Refused, match="cannot list"):
        driver.get(f"/apis/batch/v1/namespaces/{namespace_of('onprem-prod')}/jobs")


def test_people_of_the_named_group_may_drive_and_others_may_not(standing: Standing, plane: Plane):
    jobs = f"/apis/batch/v1/namespaces/{namespace_of('onprem')}/jobs"
    plane.user("ada", ["ml-engineers"])
    assert plane.client("ada").get(jobs)["items"] == []
    plane.user("eve", ["others"])
    with pytest.raises(Refused, match="cannot list"):
        plane.client("eve").get(jobs)


@pytest.mark.parametrize("stack", NAMES)
def test_all_talk_is_refused_that_no_policy_allows(standing: Standing, client: Client, stack: str):
    path = f"/apis/networking.k8s.io/v1/namespaces/{namespace_of(stack)}/networkpolicies"
    specs = {each["metadata"]["name"]: each["spec"] for each in client.get(path)["items"]}
    assert specs["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert {"dns", "store", "nodes", "serving"} <= set(specs)


def pod(cpu: str = "100m", **spec: Any) -> dict[str, Any]:
    wanted = {"requests": {"cpu": cpu}, "limits": {"cpu": cpu}}
    locked = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "main", "image": "none", "resources": wanted, "securityContext": locked}
    safe = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    body = {"containers": [container], "securityContext": safe, **spec}
    return {"metadata": {"generateName": "try-"}, "spec": body}


def test_a_namespace_refuses_more_than_its_quota(standing: Standing, client: Client):
    pods = f"/api/v1/namespaces/{namespace_of('local-dev')}/pods"
    made = [client.create(pods, pod("3"))["metadata"]["name"] for _ in range(2)]
    with pytest.raises(Refused, match=r"exceeded quota: quota, requested: requests.cpu=3, used: requests.cpu=6"):
        client.create(pods, pod("3"))
    for name in made:
        client.delete(f"{pods}/{name}", gracePeriodSeconds="0")


def test_a_namespace_refuses_more_gpus_than_its_quota(standing: Standing, client: Client):
    asked = pod()
    gpus = {"nvidia.com/gpu": "17"}
    asked["spec"]["containers"][0]["resources"] = {"requests": gpus, "limits": gpus}
    with pytest.raises(Refused, match=r"limited: requests\.nvidia\.com/gpu=16"):
        client.create(f"/api/v1/namespaces/{namespace_of('onprem')}/pods", asked, dryRun="All")


@pytest.mark.parametrize("more", [{"hostNetwork": True}, {"securityContext": {}}])
def test_a_namespace_refuses_pods_that_ask_for_more_than_a_step_needs(
    standing: Standing, client: Client, more: dict[str, Any]
):
    with pytest.raises(Refused, match='violates PodSecurity "restricted:latest"'):
        client.create(f"/api/v1/namespaces/{namespace_of('onprem')}/pods", pod(**more))


def test_a_container_is_held_to_the_largest_machine(standing: Standing, client: Client):
    with pytest.raises(Refused, match="maximum cpu usage per Container is 4"):
        client.create(f"/api/v1/namespaces/{namespace_of('local-dev')}/pods", pod("5"))


@pytest.mark.parametrize(
    ("asked", "flavour"),
    [
        (Resources(cpu=2, memory_gib=4.0), "moorage-cpu"),
        (Resources(cpu=2, memory_gib=4.0, gpu=Gpu(name=("L4",), count=2)), "moorage-l4"),
        (Resources(cpu=2, memory_gib=4.0, gpu=Gpu(name=("A100",), count=1), spot=True), "moorage-a100-spot"),
    ],
)
def test_a_driver_submits_what_the_adapter_lowers_and_the_queue_lets_it_out(
    standing: Standing, plane: Plane, client: Client, tmp_path: Path, asked: Resources, flavour: str
):
    driver = account(plane, "onprem", "driver", tmp_path)
    request = lowered("onprem", asked, f"mr-1-{flavour.removeprefix('moorage-')}-1-abc")
    jobs = f"/apis/batch/v1/namespaces/{namespace_of('onprem')}/jobs"
    driver.create(jobs, dict(request.body))
    out = driver.until(f"{jobs}/{request.name}", lambda found: not found["spec"].get("suspend"))
    nodes = next(each.labels for each in settings("onprem").flavours if flavour.endswith(each.name))
    assert nodes.items() <= out["spec"]["template"]["spec"]["nodeSelector"].items()
    path = f"/api/v1/namespaces/{namespace_of('onprem')}/pods"
    made = driver.until(path, lambda found: found["items"], labelSelector=f"job-name={request.name}")
    assert made["items"][0]["spec"]["serviceAccountName"] == "steps"
    client.delete(f"{jobs}/{request.name}")


def test_a_step_of_several_nodes_is_let_out_as_one(standing: Standing, plane: Plane, tmp_path: Path):
    driver = account(plane, "onprem", "driver", tmp_path)
    request = lowered("onprem", Resources(cpu=2, memory_gib=4.0, gpu=Gpu(count=4), nodes=2), "mr-1-many-1-abc")
    sets = f"/apis/jobset.x-k8s.io/v1alpha2/namespaces/{namespace_of('onprem')}/jobsets"
    driver.create(sets, dict(request.body))
    driver.until(f"{sets}/{request.name}", lambda found: not found["spec"].get("suspend"))
    label = f"jobset.sigs.k8s.io/jobset-name={request.name}"
    pods = f"/api/v1/namespaces/{namespace_of('onprem')}/pods"
    made = driver.until(pods, lambda found: len(found["items"]) == 2, labelSelector=label)
    selectors = [each["spec"]["nodeSelector"]["nvidia.com/gpu.product"] for each in made["items"]]
    assert selectors == ["NVIDIA-L4", "NVIDIA-L4"]
    driver.delete(f"{sets}/{request.name}")


def test_what_the_queue_cannot_give_stays_in_it(standing: Standing, plane: Plane, tmp_path: Path):
    driver = account(plane, "local-dev", "driver", tmp_path)
    jobs = f"/apis/batch/v1/namespaces/{namespace_of('local-dev')}/jobs"
    names = [f"mr-1-big-{number}-abc" for number in (1, 2)]
    for name in names:
        driver.create(jobs, dict(lowered("local-dev", Resources(cpu=3, memory_gib=4.0), name).body))
    workloads = f"/apis/kueue.x-k8s.io/v1beta1/namespaces/{namespace_of('local-dev')}/workloads"
    waiting = driver.until(workloads, lambda found: [why for each in found["items"] for why in why_it_waits(each)])
    (why,) = [why for each in waiting["items"] for why in why_it_waits(each)]
    assert "insufficient unused quota for cpu" in why
    for name in names:
        driver.delete(f"{jobs}/{name}")


def why_it_waits(workload: dict[str, Any]) -> list[str]:
    conditions = workload.get("status", {}).get("conditions", [])
    return [each["message"] for each in conditions if each["type"] == "QuotaReserved" and each["status"] == "False"]
