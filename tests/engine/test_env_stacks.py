"""`moorage env up`, `preview`, `down` and `drift` with the real engine, over a real API server."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from moorage.environments import load_environment
from tests.engine.tools import Tools
from tests.rigs.bucket import bucket_server
from tests.rigs.kubernetes.api import Client
from tests.rigs.kubernetes.plane import Plane
from tests.rigs.pulumi.faults import Fault
from tests.rigs.pulumi.home import furnish
from tests.rigs.pulumi.operator import Operator, describe
from tests.rigs.pulumi.stack import PROJECT, Stack
from tests.rigs.pulumi.versions import pulumi_version

pytestmark = [pytest.mark.engine("Pulumi", "Kubernetes"), pytest.mark.slow]

PROGRAM = """
import pulumi
import pulumi_kubernetes as k8s

class Platform(pulumi.ComponentResource):
    def __init__(self, space):
        super().__init__("moorage:kubernetes:Small", "small")
        ours = pulumi.ResourceOptions(parent=self)
        provider = k8s.Provider("cluster", kubeconfig=KUBECONFIG, cluster_identifier="rig", opts=ours)
        ours = pulumi.ResourceOptions(parent=self, provider=provider)
        protected = pulumi.ResourceOptions.merge(ours, pulumi.ResourceOptions(protect=PROTECT))
        labels = {"moorage.dev/environment": pulumi.get_stack()}
        space = k8s.core.v1.Namespace("space", metadata={"name": space, "labels": labels}, opts=protected)
        inside = {"namespace": space.metadata.name}
        k8s.core.v1.ResourceQuota(
            "quota", metadata={**inside, "name": "quota"}, spec={"hard": {"pods": "10"}}, opts=ours
        )
        k8s.core.v1.ConfigMap("settings", metadata={**inside, "name": "settings"}, data={"a": "1"}, opts=ours)

name = pulumi.get_stack()
Platform(f"space-{name}")
target = {"namespace": f"space-{name}", "cpu": 1, "memory_gib": 1}
pulumi.export("environment", {
    "schema": 1, "name": name, "platform": "kubernetes", "target": target, "store": "s3://bucket/store",
})
"""
SKIP = tuple(f"--skip={name}" for name in ("crds", "gpus", "quota"))
UP = ("up", "--yes", *SKIP, "--", "--skip-preview")
RBAC = "/apis/rbac.authorization.k8s.io/v1"
EVE = [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "eve"}]
ADMIN = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"}

DRIFTS = "/api/v1/namespaces/space-drifts"

Make = Callable[..., Operator]


@pytest.fixture
def make(engine: Tools, tmp_path: Path, plane: Plane, request: pytest.FixtureRequest) -> Make:
    world, project = tmp_path / "world", tmp_path / "project"
    (world / "state").mkdir(parents=True)
    project.mkdir()
    furnish(world / "home", ["kubernetes"])
    (project / "Pulumi.yaml").write_text(json.dumps(PROJECT))
    kubeconfig = str(plane.kubeconfig)

    def make(name: str, protect: bool = False, **environ: str) -> Operator:
        program = PROGRAM.replace("KUBECONFIG", repr(kubeconfig)).replace("PROTECT", str(protect))
        (project / "__main__.py").write_text(program)
        amounts = {"cpu": 1, "memory": "1Gi"}
        flavour = {"name": "cpu", "labels": {"kubernetes.io/os": "linux"}, "quota": amounts}
        cluster = {"kubeconfig": kubeconfig, "context": None}
        settings = {"platform": "kubernetes", "namespace": f"space-{name}", "cluster": cluster, "quota": amounts}
        describe(project, name, {**settings, "flavours": [flavour]})
        return Operator(Stack(engine.pulumi, project, world, name, environ))

    return make


@pytest.fixture
def bucket() -> Iterator[dict[str, str]]:
    """A back end whose files only Pulumi can look at."""
    with bucket_server("states") as server:
        yield {
            "PULUMI_BACKEND_URL": f"s3://states?endpoint=http://{server}&s3ForcePathStyle=true&region=us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }


def up(operator: Operator, fault: Fault | None = None) -> Any:
    return operator.env("up", *UP[1:], fault=fault)


def locks(operator: Operator) -> Path:
    folder = operator.stack.world / "state" / ".pulumi" / "locks" / "organization" / "small" / operator.stack.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def hold(operator: Operator, host: str, pid: int) -> Path:
    file = locks(operator) / "somebody.json"
    moment = datetime.now(UTC).isoformat()
    file.write_text(json.dumps({"pid": pid, "username": "ann", "hostname": host, "timestamp": moment}))
    return file


def test_a_fresh_stack_goes_up_is_kept_and_comes_down(make: Make, plane: Plane, client: Client):
    operator = make("fresh")
    said = up(operator)
    assert said.code == 0, said.out + said.err
    assert said.err.splitlines()[:3] == [
        f"ok       pulumi   v{pulumi_version()}, file://{operator.stack.world}/state",
        f"ok       api      Kubernetes {client.get('/version')['gitVersion']} at {plane.url}",
        "ok       rights   everything",
    ]
    assert "kept fresh: kubernetes, store s3://bucket/store" in said.err
    assert load_environment("fresh", operator.stack.project).target["namespace"] == "space-fresh"
    assert operator.env("drift").code == 0
    asked = operator.env("down")
    assert (asked.code, asked.err.splitlines()[0]) == (2, "error: there is nobody to ask: this is no terminal")
    gone = operator.env("down", "--yes")
    assert gone.code == 0, gone.err
    assert gone.err.endswith("forgot fresh\n")
    assert "space-fresh" not in {each["metadata"]["name"] for each in client.get("/api/v1/namespaces")["items"]}


def test_what_is_protected_is_named_and_nothing_is_removed(make: Make, client: Client):
    operator = make("kept", protect=True)
    assert up(operator).code == 0
    refused = operator.env("down", "--yes")
    assert refused.code == 2
    assert refused.err.startswith(
        "error: Namespace space is protected; nothing was changed\n  fix: set `protect: false`"
    )
    assert client.get("/api/v1/namespaces/space-kept/configmaps/settings")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_up_is_put_right_by_the_next_one(make: Make, client: Client, when: Literal["before", "after"]):
    operator = make(f"killed-{when}")
    path = f"/api/v1/namespaces/space-killed-{when}/resourcequotas"
    killed = up(operator, fault=Fault("kill", at="quota", when=when))
    assert killed.code == 2
    assert "pulumi did not end well (exit status -9)" in killed.err
    left = [each["metadata"]["uid"] for each in client.get(path)["items"]]
    assert len(left) == (when == "after")
    said = up(operator)
    assert said.code == 0, said.err
    assert f"@{socket.gethostname()}, process " in said.err
    assert "is taken away: that process has ended" in said.err
    fate = "it is there, and is taken into the stack" if when == "after" else "it is not there, and is made anew"
    assert f"creating ResourceQuota quota: {fate}" in said.err
    (quota,) = client.get(path)["items"]
    assert [quota["metadata"]["uid"]] == left or when == "before"
    state = operator.stack.export_state()
    assert not state["deployment"].get("pending_operations")
    (backup,) = (operator.stack.project / ".moorage" / "stacks" / operator.stack.name).iterdir()
    assert json.loads(backup.read_text())["deployment"]["pending_operations"]
    assert backup.stat().st_mode & 0o077 == 0
    assert operator.env("drift").code == 0


def test_a_lock_in_a_bucket_is_met_and_taken_away(make: Make, bucket: dict[str, str]):
    operator = make("bucket", **bucket)
    assert up(operator, fault=Fault("kill", at="quota", when="after")).code == 2
    said = up(operator)
    assert said.code == 0, said.err
    assert "is taken away: that process has ended" in said.err
    assert "creating ResourceQuota quota: it is there, and is taken into the stack" in said.err
    assert operator.env("drift").code == 0


def test_a_state_that_pulumi_was_killed_at_is_read_again(make: Make):
    operator = make("half")
    assert up(operator).code == 0
    sidecar = operator.stack.world / "state" / ".pulumi" / "stacks" / "small" / "half.json.attrs"
    sidecar.write_text("")
    refused = operator.env("drift")
    assert refused.code == 2
    assert "failed to load checkpoint: EOF\n  fix: moorage env up half mends that" in refused.err
    said = up(operator)
    assert said.code == 0, said.err
    assert f"{sidecar} is removed" in said.err
    assert operator.env("drift").code == 0


def test_what_somebody_else_has_made_meanwhile_is_not_taken_in(make: Make, client: Client):
    operator = make("taken")
    assert up(operator, fault=Fault("kill", at="quota", when="before")).code == 2
    path = "/api/v1/namespaces/space-taken/resourcequotas"
    client.create(f"{path}?fieldManager=eve", {"metadata": {"name": "quota"}, "spec": {"hard": {"pods": "1"}}})
    refused = up(operator)
    assert refused.code == 2
    assert "the creation of ResourceQuota quota was cut off, and what became of it is not known" in refused.err
    assert "there is one, made by eve" in refused.err
    assert operator.stack.export_state()["deployment"]["pending_operations"]
    assert client.get(f"{path}/quota")["spec"]["hard"] == {"pods": "1"}


@pytest.mark.parametrize(
    ("host", "pid", "why"),
    [("elsewhere", 1, "cannot see whether it still runs"), (socket.gethostname(), os.getpid(), "still runs")],
    ids=("elsewhere", "here"),  # not by the process: each worker has its own
)
def test_who_may_still_be_at_it_is_named_and_left_alone(make: Make, host: str, pid: int, why: str):
    operator = make("held")
    lock = hold(operator, host, pid)
    refused = up(operator)
    assert refused.code == 2
    (line,) = [line for line in refused.err.splitlines() if line.startswith("error:")]
    assert line.startswith(f"error: the stack 'held' is locked by ann@{host}, process {pid}, since ")
    assert why in line
    assert "pulumi cancel -s held" in refused.err
    assert lock.exists()


def drift_apart(client: Client) -> None:
    change = {"spec": {"hard": {"pods": "99"}}}
    client.call("PATCH", f"{DRIFTS}/resourcequotas/quota?fieldManager=eve", change, "application/merge-patch+json")
    client.delete(f"{DRIFTS}/configmaps/settings")
    ours = {"name": "ours", "labels": {"moorage.dev/run": "r"}}
    client.create(f"{DRIFTS}/configmaps", {"metadata": ours})
    client.create(f"{DRIFTS}/configmaps", {"metadata": {"name": "theirs"}})
    grant = {"metadata": {"name": "evil", "labels": {"moorage.dev/run": "r"}}, "roleRef": ADMIN, "subjects": EVE}
    client.create(f"{RBAC}/namespaces/space-drifts/rolebindings", grant)
    label = {"moorage.dev/environment": "drifts"}
    client.create("/api/v1/namespaces", {"metadata": {"name": "space-lost", "labels": label}})
    client.create(f"{RBAC}/clusterrolebindings", {**grant, "metadata": {"name": "everywhere"}})


def test_drift_is_what_changed_what_is_gone_and_what_nobody_declared(make: Make, client: Client):
    operator, neighbour = make("drifts"), make("neighbour")
    assert up(operator).code == 0
    assert up(neighbour).code == 0
    drift_apart(client)
    found = operator.env("drift", "--json")
    assert found.code == 1, found.err
    assert [(each["what"], each["name"], each["detail"]) for each in json.loads(found.out)] == [
        ("gone", "ConfigMap settings", "it is not there any more"),
        ("changed", "ResourceQuota quota", "spec.hard.pods"),
        ("undeclared", "ClusterRoleBinding everywhere", "gives ClusterRole admin to User eve, in every namespace"),
        ("undeclared", "ConfigMap space-drifts/theirs", "no stack declares it"),
        ("undeclared", "Namespace space-lost", "no stack declares it"),
        ("undeclared", "RoleBinding space-drifts/evil", "gives ClusterRole admin to User eve"),
    ]
    client.delete(f"{DRIFTS}/resourcequotas/quota")  # else its field is eve's, and Pulumi refuses to take it
    back = operator.env("up", "--yes", *SKIP, "--", "--skip-preview", "--refresh")
    assert back.code == 0, back.out + back.err
    names = ("ClusterRoleBinding everywhere", "ConfigMap space-drifts/theirs", "Namespace space-lost")
    accepted = (*names, "RoleBinding space-drifts/evil")
    assert operator.env("drift", *(f"--accept={name}" for name in accepted)).code == 0
    all_but_one = operator.env("drift", *(f"--accept={name}" for name in names))
    assert all_but_one.err.splitlines() == [
        "no stack's: remove it, or: moorage env drift drifts --accept 'RoleBinding space-drifts/evil'"
    ]
    client.delete(f"{RBAC}/clusterrolebindings/everywhere")
    assert neighbour.env("drift").code == 0
