"""The unchanged Kubernetes SDK under the real engine, with our stand-in for its provider over a real API server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from tests.engine.tools import Tools
from tests.rigs.kubernetes.api import Client
from tests.rigs.kubernetes.plane import Plane
from tests.rigs.pulumi.faults import Fault
from tests.rigs.pulumi.stack import Stack, stack

pytestmark = [pytest.mark.engine("Pulumi", "Kubernetes"), pytest.mark.slow]

IMPORTS = """
import pulumi
import pulumi_kubernetes as k8s
config = pulumi.Config()
"""
SMALL = f"""{IMPORTS}
space = k8s.core.v1.Namespace("space")
inside = {{"namespace": space.metadata.name}}
settings = k8s.core.v1.ConfigMap("settings", metadata=inside, data={{"threads": "2"}})
keys = k8s.core.v1.Secret("keys", metadata={{**inside, "name": "keys"}}, string_data={{"token": "hunter2"}})
quota = k8s.core.v1.ResourceQuota("quota", metadata=inside, spec={{"hard": {{"requests.cpu": "1000m"}}}})
reader = k8s.rbac.v1.Role("reader", metadata=inside, rules=[
    {{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}},
])
pulumi.export("space", space.metadata.name)
pulumi.export("keys", keys.data)
"""
WEB = """
k8s.apps.v1.Deployment(
    "web",
    metadata={"name": "NAME", "annotations": ANNOTATIONS},
    spec={
        "replicas": int(config.get("replicas") or 0),
        "selector": {"matchLabels": {"app": config.get("app") or "web"}},
        "template": {
            "metadata": {"labels": {"app": config.get("app") or "web"}},
            "spec": {"containers": [{"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "2000m"}}}]},
        },
    },
    opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=config.get("patience"))),
)
"""
CHAIN = f"""{IMPORTS}
above = []
for name in NAMES:
    opts = pulumi.ResourceOptions(depends_on=above)
    above = [k8s.core.v1.ConfigMap(name, metadata={{"name": name}}, data={{"a": "1"}}, opts=opts)]
"""
DEFAULT = "/api/v1/namespaces/default"

Make = Callable[[str], Stack]


@pytest.fixture
def make(engine: Tools, tmp_path: Path, plane: Plane) -> Make:
    environ = {"KUBECONFIG": str(plane.kubeconfig)}
    return lambda program: stack(engine.pulumi, tmp_path, program, environ=environ, packages=["kubernetes"])


def web(name: str, **annotations: str) -> str:
    return IMPORTS + WEB.replace("NAME", name).replace("ANNOTATIONS", json.dumps(annotations))


def config_map(name: str, data: dict[str, str]) -> str:
    return f'k8s.core.v1.ConfigMap("{name}", metadata={{"name": "{name}"}}, data={json.dumps(data)})\n'


def test_a_program_goes_up_stays_as_it_is_and_comes_down(make: Make, client: Client):
    made = make(SMALL)
    planned = made.preview()
    assert planned.ok, planned.stdout
    assert set(planned.ops) == {"space", "settings", "keys", "quota", "reader"}
    done = made.up()
    assert done.ok, done.stdout
    space = made.outputs()["space"]
    names = {item["metadata"]["name"] for item in client.get(f"/api/v1/namespaces/{space}/configmaps")["items"]}
    assert made.resources()["settings"]["outputs"]["metadata"]["name"] in names
    assert made.preview("--expect-no-changes").ok
    assert made.refresh("--expect-no-changes").ok
    assert made.destroy().ok
    assert space not in {item["metadata"]["name"] for item in client.get("/api/v1/namespaces")["items"]}


def test_what_a_secret_holds_is_encrypted_wherever_it_is_kept(make: Make):
    made = make(f"""{IMPORTS}
keys = k8s.core.v1.Secret("keys", string_data={{"token": "hunter2"}})
pulumi.export("keys", keys.data)
""")
    done = made.up()
    assert done.ok, done.stdout
    kept = "".join(path.read_text() for path in made.world.rglob("*.json")) + done.stdout + str(done.events)
    assert "hunter2" not in kept
    assert "aHVudGVyMg" not in kept
    assert made.outputs() == {"keys": "[secret]"}
    assert made.outputs(show_secrets=True) == {"keys": {"token": "aHVudGVyMg=="}}
    assert made.preview("--expect-no-changes").ok


def test_drift_is_found_and_who_drifted_is_named_until_it_is_taken_back(make: Make, client: Client):
    program = f"{IMPORTS}{config_map('gone', {'a': '1'})}" + web("drifts").removeprefix(IMPORTS)
    made = make(program)
    assert made.up().ok
    path = "/apis/apps/v1/namespaces/default/deployments/drifts"
    client.call("PATCH", f"{path}?fieldManager=somebody", {"spec": {"replicas": 3}}, "application/merge-patch+json")
    client.delete(f"{DEFAULT}/configmaps/gone")
    found = made.refresh()
    assert {step.name: step.op for step in found.finished} == {"web": "update", "gone": "delete"}
    refused = made.up()
    assert refused.ops == {"web": "update", "gone": "create"}
    assert 'conflict with "somebody"' in refused.errors
    assert ".spec.replicas" in refused.errors
    force = json.dumps({"pulumi.com/patchForce": "true"})
    (made.project / "__main__.py").write_text(program.replace('"annotations": {}', f'"annotations": {force}'))
    assert made.up().ops == {"web": "update"}
    assert client.get(path)["spec"]["replicas"] == 0


def test_an_immutable_field_needs_a_new_object(make: Make):
    made = make(web("replaced") + 'k8s.core.v1.ConfigMap("free", data={"app": config.get("app") or "web"})')
    assert made.up().ok
    planned = made.preview("--config", "app=other")
    assert planned.ok, planned.stdout
    assert {path for step in planned.steps for path in step.replaces} == {"data.app", "spec.selector.matchLabels.app"}
    done = made.up("--config", "app=other")
    assert done.ok, done.stdout
    ops = [(step.name, step.op) for step in done.steps]
    # What the program has named cannot be there twice.
    assert ops.index(("web", "delete-replaced")) < ops.index(("web", "create-replacement"))
    assert ops.index(("free", "create-replacement")) < ops.index(("free", "delete-replaced"))


def test_a_field_that_the_server_does_not_know_is_refused_by_its_path_before_anything_is_made(make: Make):
    made = make(web("misspelled").replace('"replicas": int', '"replica": int'))
    refused = made.preview()
    assert not refused.ok
    assert ".spec.replica: field not declared in schema" in refused.errors
    assert "Deployment::web" in refused.errors


def test_what_does_not_become_ready_fails_with_its_pods_and_is_tried_again(make: Make, client: Client):
    made = make(web("waits"))
    failed = made.up("--config", "replicas=1", "--config", "patience=2s")
    assert "timed out while waiting for it" in failed.errors
    assert "0 of 1 pods are live" in failed.errors
    assert "[Pod waits-" in failed.errors
    assert set(made.resources()) == {"web"}
    assert made.up("--config", "replicas=0").ops == {"web": "update"}
    assert made.preview("--expect-no-changes").ok


def test_who_does_not_want_to_wait_says_so(make: Make):
    made = make(web("patient", **{"pulumi.com/skipAwait": "true"}))
    assert made.up("--config", "replicas=1").ok


def test_an_interrupt_ends_the_waiting_and_keeps_what_is_there(make: Make):
    made = make(web("interrupted"))
    assert made.run("config", "set", "replicas", "1").ok
    with made.running("up", "--yes", "--skip-preview") as run:
        run.wait_for("web creating")
        run.interrupt()
        done = run.outcome()
    assert not done.ok
    assert made.run("config", "set", "replicas", "0").ok
    assert made.up().ok


def test_killed_at_each_resource_it_goes_up_all_the_same(make: Make, client: Client):
    moments: dict[str, Literal["before", "after"]] = {"first": "after", "second": "before", "third": "after"}
    names = list(moments)
    made = make(CHAIN.replace("NAMES", json.dumps(names)))
    for name, when in moments.items():
        assert made.up(fault=Fault("kill", at=name, when=when)).status == -9
        assert made.cancel().ok
    assert made.up().ok
    assert set(made.resources()) == set(names)
    assert made.destroy().ok
    left = {item["metadata"]["name"] for item in client.get(f"{DEFAULT}/configmaps")["items"]}
    assert not left & set(names)


def test_an_object_that_is_there_is_imported_and_then_unchanged(make: Make, client: Client):
    client.create(f"{DEFAULT}/configmaps", {"metadata": {"name": "found"}, "data": {"a": "1"}})
    made = make(IMPORTS + config_map("found", {"a": "1"}))
    taken = made.import_("kubernetes:core/v1:ConfigMap", "found", "default/found")
    assert taken.ok, taken.stdout
    assert made.preview("--expect-no-changes").ok


def test_a_definition_and_an_object_of_it_go_up_together(make: Make):
    made = make(f"""{IMPORTS}
definition = k8s.apiextensions.v1.CustomResourceDefinition(
    "definition",
    metadata={{"name": "boats.rig.example"}},
    spec={{
        "group": "rig.example", "scope": "Namespaced", "names": {{"plural": "boats", "kind": "Boat"}},
        "versions": [{{"name": "v1", "served": True, "storage": True, "schema": {{"openAPIV3Schema": {{
            "type": "object", "x_kubernetes_preserve_unknown_fields": True,
        }}}}}}],
    }},
)
boat = k8s.apiextensions.CustomResource(
    "boat", api_version="rig.example/v1", kind="Boat", spec={{"berth": 1}},
    opts=pulumi.ResourceOptions(depends_on=[definition]),
)
""")
    assert made.preview().ok
    done = made.up()
    assert done.ok, done.stdout
    assert made.preview("--expect-no-changes").ok


def test_manifests_in_yaml_are_decoded_and_components_of_the_vendor_are_refused_by_name(make: Make):
    manifest = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "written"}})
    made = make(f"""{IMPORTS}
k8s.yaml.ConfigGroup("written", yaml=[{manifest!r}])
if config.get("version"):
    k8s.yaml.v2.ConfigGroup("refused", yaml={manifest!r})
""")
    assert "kubernetes:core/v1:ConfigMap" in {step.type for step in made.preview().steps}
    refused = made.preview("--config", "version=2")
    assert "this stand-in for kubernetes has no component kubernetes:yaml/v2:ConfigGroup" in refused.errors


def test_a_patch_changes_what_is_somebody_elses_and_gives_it_back(make: Make, client: Client):
    client.create(f"{DEFAULT}/configmaps", {"metadata": {"name": "theirs"}, "data": {"a": "1"}})
    made = make(f'{IMPORTS}k8s.core.v1.ConfigMapPatch("patch", metadata={{"name": "theirs"}}, data={{"b": "2"}})')
    assert made.up().ok
    assert client.get(f"{DEFAULT}/configmaps/theirs")["data"] == {"a": "1", "b": "2"}
    assert made.destroy().ok
    assert client.get(f"{DEFAULT}/configmaps/theirs")["data"] == {"a": "1"}


def test_a_server_that_does_not_answer_is_named(engine: Tools, tmp_path: Path, plane: Plane):
    text = plane.kubeconfig.read_text().replace(plane.url, "https://127.0.0.1:1")
    made = stack(
        engine.pulumi, tmp_path, IMPORTS + config_map("lost", {}), environ={"KUBECONFIG": text}, packages=["kubernetes"]
    )
    refused = made.up()
    assert "configured Kubernetes cluster is unreachable: https://127.0.0.1:1" in refused.errors


def test_who_may_not_is_told_so_in_the_servers_words(engine: Tools, tmp_path: Path, plane: Plane):
    environ = {"KUBECONFIG": str(plane.user("nobody-special"))}
    program = IMPORTS + config_map("forbidden", {})
    made = stack(engine.pulumi, tmp_path, program, environ=environ, packages=["kubernetes"])
    assert made.preview().ok, "the real provider goes on without a dry run, too"
    assert 'User "nobody-special" cannot' in made.up().errors


def test_a_provider_of_the_programs_own_has_its_cluster_and_namespace(make: Make, plane: Plane, client: Client):
    plane.make_namespace("elsewhere")
    made = make(f"""{IMPORTS}
import pathlib
provider = k8s.Provider(
    "own", kubeconfig=pulumi.Output.secret(pathlib.Path({str(plane.kubeconfig)!r}).read_text()),
    namespace="elsewhere", cluster_identifier="rig",
)
k8s.core.v1.ConfigMap("there", metadata={{"name": "there"}}, opts=pulumi.ResourceOptions(provider=provider))
""")
    done = made.up()
    assert done.ok, done.stdout
    assert client.get("/api/v1/namespaces/elsewhere/configmaps/there")
    assert "client-certificate" not in json.dumps(made.export_state())
    assert made.preview("--expect-no-changes").ok
