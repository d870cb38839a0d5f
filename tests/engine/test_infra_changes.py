"""What becomes of a stack: killed half way, drifted, changed, refused, taken down."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.tools import Tools
from tests.infra.engine import change, copy_of_the_project, define_monitoring, make_stack, world
from tests.infra.stacks import said, settings
from tests.rigs.kubernetes.api import Client
from tests.rigs.kubernetes.plane import Plane
from tests.rigs.pulumi.faults import Fault
from tests.rigs.pulumi.stack import Stack
from tools.aside import environment

pytestmark = [pytest.mark.engine("Pulumi", "Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

DEV = "local-dev"
SOAK = os.environ.get("MOORAGE_SOAK") == "1"
BROKEN = """
import pulumi_kubernetes

pulumi_kubernetes.rbac.v1.Role(
    "everything",
    metadata={"name": "everything", "namespace": "default"},
    rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]}],
)
"""
COLLECTIONS = (
    "/api/v1/namespaces",
    "/api/v1/resourcequotas",
    "/api/v1/limitranges",
    "/api/v1/serviceaccounts",
    "/api/v1/configmaps",
    "/apis/apps/v1/daemonsets",
    "/apis/kueue.x-k8s.io/v1beta1/clusterqueues",
    "/apis/kueue.x-k8s.io/v1beta1/localqueues",
    "/apis/kueue.x-k8s.io/v1beta1/resourceflavors",
    "/apis/monitoring.coreos.com/v1/prometheusrules",
    "/apis/monitoring.coreos.com/v1/servicemonitors",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/apis/policy/v1/poddisruptionbudgets",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    "/apis/rbac.authorization.k8s.io/v1/roles",
    "/apis/resource.k8s.io/v1/deviceclasses",
    "/apis/scheduling.k8s.io/v1/priorityclasses",
)


@pytest.fixture(scope="module", autouse=True)
def defined(plane: Plane) -> None:
    define_monitoring(plane.client())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_of_the_project(tmp_path)


@pytest.fixture
def home(tmp_path: Path, plane: Plane) -> Path:
    return world(tmp_path, plane.kubeconfig)


@pytest.fixture
def dev(engine: Tools, project: Path, home: Path) -> Iterator[Stack]:
    """The smallest stack, not up yet; nothing of it is left afterwards."""
    stack = make_stack(engine.pulumi, project, home, DEV)
    yield stack
    stack.cancel()
    assert stack.destroy().ok


def ours(client: Client, stack: str) -> list[str]:
    """Return what the cluster holds of a stack."""
    found = [
        each
        for path in COLLECTIONS
        for each in client.get(path, labelSelector=f"moorage.dev/environment={stack}")["items"]
    ]
    return [each["metadata"]["name"] for each in found]


def test_an_up_that_is_killed_goes_on_where_it_was(dev: Stack, client: Client):
    """At each resource in a soak, at some else: the first operation of an attempt is the last of the one before."""
    operation, kills = 2 if SOAK else 7, 0
    while not (outcome := dev.up("--parallel", "1", fault=Fault("kill", at=operation, when="after"))).ok:
        assert outcome.status == -9, outcome.errors
        assert dev.cancel().ok
        kills += 1
    assert kills >= 18 // (operation - 1)
    assert dev.preview("--expect-no-changes").ok
    made = [each for each in dev.resources().values() if each["type"].startswith("kubernetes:")]
    assert len(ours(client, DEV)) == len(made)


def test_what_drifted_is_found_and_put_back(dev: Stack, client: Client):
    assert dev.up().ok
    space = settings(DEV).namespace
    client.delete(f"/apis/networking.k8s.io/v1/namespaces/{space}/networkpolicies/default-deny")
    quota = f"/api/v1/namespaces/{space}/resourcequotas/quota"
    client.merge(quota, {"spec": {"hard": {"pods": "5000"}}})
    client.delete(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{space}/roles/driver")
    drifted = dev.preview("--refresh")
    assert {name.removeprefix(f"{DEV}-") for name in drifted.ops} >= {"network-default-deny", "quota", "role-driver"}
    assert dev.up("--refresh").ok
    assert client.get(quota)["spec"]["hard"]["pods"] == "50"
    assert client.get(f"/apis/networking.k8s.io/v1/namespaces/{space}/networkpolicies/default-deny")
    assert client.get(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{space}/roles/driver")
    assert dev.preview("--refresh", "--expect-no-changes").ok


def test_another_way_to_the_same_cluster_replaces_nothing(dev: Stack, project: Path, home: Path):
    assert dev.up().ok
    (home / "elsewhere").write_text((home / ".kube" / "config").read_text())
    change(project, DEV, cluster={"identifier": DEV, "context": "onprem", "kubeconfig": "~/elsewhere"})
    assert dev.preview().ops == {}
    assert dev.up().ok


def test_a_changed_amount_changes_its_two_objects_in_place(dev: Stack, project: Path):
    assert dev.up().ok
    flavour = {**said(DEV)["flavours"][0], "quota": {"cpu": 5, "memory": "8Gi"}}
    change(project, DEV, flavours=[flavour], quota={"cpu": 7, "memory": "12Gi", "pods": 50})
    assert dev.up().ops == {f"{DEV}-quota": "update", f"{DEV}-cluster-queue": "update"}


def test_a_protected_stack_still_changes(engine: Tools, project: Path, home: Path):
    name = "onprem-prod"
    prod = make_stack(engine.pulumi, project, home, name)
    assert prod.up().ok
    first, *others = said(name)["flavours"]
    change(project, name, flavours=[{**first, "name": "large"}, *others], monitoring=None, devices=None)
    changed = prod.up()
    assert changed.ok, changed.errors
    gone = ("flavour-cpu", "services", "alerts", "dashboard", "device-class")
    assert changed.ops == {
        f"{name}-flavour-large": "create",
        f"{name}-cluster-queue": "update",
        f"{name}-network-serving": "update",
        **{f"{name}-{what}": "delete" for what in gone},
    }
    change(project, name, protect=False)
    assert prod.up().ok
    assert prod.destroy().ok


@pytest.mark.parametrize("stack", ["local-dev", "onprem"])
def test_destroy_leaves_nothing(engine: Tools, project: Path, home: Path, client: Client, stack: str):
    made = make_stack(engine.pulumi, project, home, stack)
    assert made.up().ok
    assert ours(client, stack)
    assert made.destroy().ok
    assert made.resources() == {}
    assert ours(client, stack) == []


def test_destroy_refuses_what_is_protected_and_takes_nothing(engine: Tools, project: Path, home: Path, client: Client):
    prod = make_stack(engine.pulumi, project, home, "onprem-prod")
    assert prod.up().ok
    before = sorted(ours(client, "onprem-prod"))
    refused = prod.run("destroy", "--yes")
    assert not refused.ok
    assert "cannot be deleted\nbecause it is protected" in refused.errors
    assert sorted(ours(client, "onprem-prod")) == before
    assert not prod.destroy().ok  # with no preview before it
    space = settings("onprem-prod").namespace
    for path in ("resourcequotas/quota", "serviceaccounts/driver"):
        assert client.get(f"/api/v1/namespaces/{space}/{path}")
    assert client.get(f"/apis/networking.k8s.io/v1/namespaces/{space}/networkpolicies/default-deny")
    change(project, "onprem-prod", protect=False)
    assert prod.up().ok
    assert prod.destroy().ok
    assert ours(client, "onprem-prod") == []


def test_a_mistake_in_the_stack_is_told_with_its_line_and_nothing_is_made(dev: Stack, project: Path, client: Client):
    file = project / "stacks" / f"Pulumi.{DEV}.yaml"
    file.write_text(file.read_text().replace("pods: 50", "pds: 50").replace("memory: 12Gi", "memory: 12GB"))
    number = next(number for number, line in enumerate(file.read_text().splitlines(), 1) if "12GB" in line)
    outcome = dev.up()
    assert not outcome.ok
    assert f"stacks/Pulumi.{DEV}.yaml:{number}:" in outcome.errors
    assert "`moorage:environment.quota.memory` cannot be: '12GB' is not a quantity" in outcome.errors
    assert "`moorage:environment.quota.pds` is no key that is known here\n  fix: did you mean 'pods'?" in outcome.errors
    assert "Traceback" not in outcome.stdout + outcome.stderr
    assert ours(client, DEV) == []


@pytest.fixture
def judged(project: Path) -> Path:
    """The project with the policy pack's environment."""
    (project / "infra" / "policy" / ".venv").symlink_to(environment("policy"))
    return project


def test_our_own_stacks_keep_the_policies(engine: Tools, judged: Path, home: Path):
    for name in ("local-dev", "onprem-prod"):
        outcome = make_stack(engine.pulumi, judged, home, name).preview("--policy-pack", "infra/policy")
        assert outcome.ok, outcome.stdout
        assert [event for event in outcome.events if "policyEvent" in event] == []


def test_a_rule_stops_a_preview_with_the_resource_and_its_words(engine: Tools, judged: Path, home: Path):
    program = judged / "infra" / "__main__.py"
    program.write_text(program.read_text() + BROKEN)
    outcome = make_stack(engine.pulumi, judged, home, DEV).preview("--policy-pack", "infra/policy")
    assert not outcome.ok
    told: list[Any] = [event["policyEvent"] for event in outcome.events if "policyEvent" in event]
    words = {each["policyName"]: each["message"] for each in told}
    assert set(words) == {"no-wildcards", "labelled"}
    assert "it allows every one of `verbs`; name those that are used" in words["no-wildcards"]
    assert all(each["resourceUrn"].endswith(":Role::everything") for each in told)
    assert {each["enforcementLevel"] for each in told} == {"mandatory"}
