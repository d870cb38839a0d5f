"""The checks before Pulumi starts, on a cluster made to lack what each of them looks for."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from moorage.stacks.preflight import Checked, asked
from moorage_kubernetes.operate import operations
from moorage_kubernetes.operate.asked import asked_of
from moorage_kubernetes.operate.inventory import ENVIRONMENT
from moorage_kubernetes.operate.rights import Right, rights_to_give, rights_to_make
from tests.engine.tools import Tools
from tests.infra.engine import copy_of_the_project, world
from tests.infra.stacks import said
from tests.rigs.kubernetes.api import Client
from tests.rigs.kubernetes.faults import BROKEN, THROTTLED, Faults
from tests.rigs.kubernetes.plane import Plane
from tests.rigs.pulumi.operator import Operator
from tests.rigs.pulumi.stack import Stack
from tests.unit.kubernetes_operate.stack import settings

pytestmark = [pytest.mark.engine("Pulumi", "Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

RBAC = "/apis/rbac.authorization.k8s.io/v1"
GROUP = "rbac.authorization.k8s.io"

SPACE = {"apiVersion": "v1", "kind": "Namespace"}

Look = Callable[..., dict[str, Checked]]


@pytest.fixture
def look(plane: Plane) -> Look:
    def look(kubeconfig: Path | None = None, **changes: Any) -> dict[str, Checked]:
        cluster = {"kubeconfig": str(kubeconfig or plane.kubeconfig)}
        checks = operations.checks(settings(cluster=cluster, **changes), "dev")
        return {each.name: each for each in asked(checks)}

    return look


@pytest.fixture
def nodes(client: Client) -> Iterator[None]:
    """Nodes that have all that the stack of the tests asks for."""
    for name, labels, offers in (
        ("big", {"pool": "cpu"}, {"cpu": "64", "memory": "256Gi"}),
        ("l4", {"gpu": "L4"}, {"cpu": "64", "memory": "256Gi", "nvidia.com/gpu": "8"}),
    ):
        client.create("/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
        status = {"status": {"allocatable": offers, "capacity": offers}}
        client.merge(f"/api/v1/nodes/{name}/status", status)
    yield
    for name in ("big", "l4"):
        client.delete(f"/api/v1/nodes/{name}")


def allow(client: Client, user: str, *rights: Right) -> None:
    rules = [
        {"apiGroups": [right.group], "resources": [right.resource], "verbs": [right.verb]}
        | ({"resourceNames": [right.name]} if right.name else {})
        for right in rights
    ]
    client.create(f"{RBAC}/clusterroles", {"metadata": {"name": user}, "rules": rules})
    subjects = [{"kind": "User", "apiGroup": GROUP, "name": user}]
    role = {"apiGroup": GROUP, "kind": "ClusterRole", "name": user}
    client.create(f"{RBAC}/clusterrolebindings", {"metadata": {"name": user}, "roleRef": role, "subjects": subjects})


def test_a_cluster_that_has_it_all_passes_every_check(look: Look, nodes: None):
    found = look()
    assert {each.verdict for each in found.values()} == {"ok"}, found
    assert found["gpus"].seen == "L4: 8 on 1 node"
    assert found["quota"].seen == "40 of 128 CPUs, 128 of 512 GiB"


def test_a_cluster_without_nodes_has_neither_gpus_nor_room(look: Look):
    found = look()
    assert found["gpus"].seen == "l4: no node has gpu=L4"
    assert "the namespace asks for 40 CPUs, and 0 are there" in found["quota"].seen
    assert "--skip quota" in found["quota"].fix


def test_an_api_server_that_is_not_there_fails_one_check_and_the_others_are_not_asked(
    look: Look, plane: Plane, tmp_path: Path
):
    file = tmp_path / "kubeconfig"
    file.write_text(plane.kubeconfig.read_text().replace(plane.url, "https://127.0.0.1:1"))
    found = look(file)
    assert "https://127.0.0.1:1 did not answer" in found["api"].seen
    assert {each.seen for each in found.values() if each.verdict == "skipped"} == {"api failed"}
    assert len(found) == 6


def test_a_kubeconfig_that_is_not_there_is_named(look: Look):
    assert look(Path("nowhere"))["api"].seen == "there is no kubeconfig at nowhere"


def test_a_context_that_is_not_there_is_named(plane: Plane):
    cluster = {"kubeconfig": str(plane.kubeconfig), "context": "elsewhere"}
    (api, *_) = asked(operations.checks(settings(cluster=cluster), "dev"))
    assert api.verdict == "failed"
    assert "'elsewhere'" in api.seen


@pytest.mark.parametrize(("fault", "said"), [(BROKEN, "failed to"), (THROTTLED, "asks for fewer requests")])
def test_a_server_that_cannot_answer_is_said_and_nothing_else(look: Look, plane: Plane, fault: Any, said: str):
    faults = Faults()
    faults.inject(fault, "list", "nodes")
    found = look(plane.through(faults))
    assert said in found["gpus"].seen
    assert (found["gpus"].verdict, found["crds"].verdict) == ("failed", "ok")


def test_who_may_do_nothing_is_told_what_it_takes(look: Look, plane: Plane):
    found = look(plane.user("nobody"))
    assert found["api"].verdict == "ok"
    assert found["rights"].seen.startswith("you may not see, make, change or remove namespaces, priorityclasses.")
    assert " more; nor list, watch pods in shop; get pods/log in shop; " in found["rights"].seen
    assert "you may not list nodes" in found["gpus"].seen


def test_who_may_make_a_role_and_has_not_what_it_gives_is_told_so(look: Look, plane: Plane, client: Client):
    asked = asked_of(settings())
    who = plane.user("makes-only")
    allow(client, "makes-only", *rights_to_make(asked))
    assert look(who)["rights"].seen.startswith("you may not see, make, change or remove jobs.batch in shop, ")
    allow(client, "escalates", Right("escalate", GROUP, "roles"), Right("bind", GROUP, "roles"))
    client.merge(
        f"{RBAC}/clusterrolebindings/escalates",
        {"subjects": [{"kind": "User", "apiGroup": GROUP, "name": "makes-only"}]},
    )
    assert look(who)["rights"].verdict == "ok"


def test_a_namespace_that_the_stack_did_not_make_is_not_taken_over(look: Look, client: Client, nodes: None):
    def made(**labels: str) -> Checked:
        client.apply(f"/api/v1/namespaces/{space}", {**SPACE, "metadata": {"name": space, "labels": labels}})
        return look(namespace=space)["owner"]

    space = "taken"
    assert look(namespace=space)["owner"].seen == "taken is to be made"
    theirs = made()
    assert theirs.seen.startswith("the namespace taken is there, and no stack of moorage made it: `up` would take it")
    assert "--skip owner" in theirs.fix
    assert made(**{ENVIRONMENT: "prod"}).seen.startswith("the namespace taken is the environment prod's")
    assert (made(**{ENVIRONMENT: "dev"}).verdict, look(namespace=space)["quota"].verdict) == ("ok", "ok")


def test_a_namespace_that_is_being_removed_is_waited_for(look: Look, client: Client):
    path = "/api/v1/namespaces"
    client.create(path, {**SPACE, "metadata": {"name": "going"}})
    kept = {"metadata": {"name": "kept", "finalizers": ["moorage.dev/test"]}}
    client.create(f"{path}/going/configmaps", kept)
    client.delete(f"{path}/going")
    found = look(namespace="going")["owner"]
    client.merge(f"{path}/going/configmaps/kept", {"metadata": {"finalizers": None}})
    assert (found.verdict, found.seen, found.fix) == (
        "failed", "the namespace going is being removed", "wait until it is gone"
    )  # fmt: skip


def test_a_definition_that_is_not_there_is_named_with_what_brings_it(look: Look):
    crds = look(monitoring={"namespace": "monitoring"})["crds"]
    assert crds.seen == "the cluster has no ServiceMonitor, PrometheusRule of monitoring.coreos.com/v1"
    assert "install the Prometheus operator" in crds.fix


def test_the_rights_that_are_checked_are_enough_for_the_real_program(
    engine: Tools, plane: Plane, client: Client, tmp_path: Path
):
    asked = asked_of(said("local-dev"))
    who = plane.user("maker")
    allow(client, "maker", *rights_to_make(asked), *rights_to_give(asked))
    project = copy_of_the_project(tmp_path)
    operator = Operator(Stack(engine.pulumi, project, world(tmp_path, who), "local-dev"))
    done = operator.env("up", "--yes", "--skip=pulumi", "--skip=gpus", "--skip=quota", "--", "--skip-preview")
    assert done.code == 0, done.out + done.err
    assert "ok       rights   all " in done.err
    kept = json.loads((project / ".moorage" / "environments" / "local-dev.json").read_text())
    assert kept["target"]["namespace"] == "moorage-dev"
    assert (
        operator.env("preview", "--skip=pulumi", "--skip=gpus", "--skip=quota", "--", "--expect-no-changes").code == 0
    )
