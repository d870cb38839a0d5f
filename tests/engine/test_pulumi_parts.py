"""The parts of the Pulumi rig by themselves: values, differences, the language host. None of it needs the engine."""

import base64
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from tests.rigs.pulumi import values
from tests.rigs.pulumi.kubernetes import comparing, objects, settings
from tests.rigs.pulumi.kubernetes.cluster import Unreachable, access
from tests.rigs.pulumi.kubernetes.provider import Kubernetes
from tests.rigs.pulumi.language import LanguageHost
from tests.rigs.pulumi.provider import Change, ProviderError, Resource
from tests.rigs.pulumi.values import UNKNOWN, Secret
from tests.rigs.pulumi.versions import plugins_of_the_sdks, pulumi_version

MAP = Resource("urn", "kubernetes:core/v1:ConfigMap", "settings")


@pytest.mark.parametrize(
    "value",
    [{"a": {"b": [1, 1.5, "x", True]}}, {"a": Secret({"b": "c"})}, {"a": UNKNOWN}, {"a": [Secret(1), UNKNOWN]}, {}],
    ids=str,
)
def test_a_value_survives_the_protocol(value: dict[str, Any]):
    assert values.read(values.write(value)) == value


def test_a_list_with_a_secret_is_secret_as_a_whole_and_a_map_is_not():
    example = {"list": ["a", Secret("b")], "map": {"open": "a", "hidden": Secret("b")}}
    hidden = values.hidden_like({"list": ["b", "a"], "map": {"open": "a", "hidden": "b"}}, example)
    assert hidden == {"list": Secret(["b", "a"]), "map": {"open": "a", "hidden": Secret("b")}}


def test_what_a_secret_holds_never_shows_in_a_traceback():
    assert "hunter2" not in repr({"data": Secret("hunter2")})


def test_a_difference_is_named_by_the_deepest_path():
    old = {"spec": {"ports": [{"port": 1}, {"port": 2}], "gone": 1}, "metadata": {"labels": {"a.b/c": "1"}}}
    new = {"spec": {"ports": [{"port": 1}, {"port": 3}]}, "metadata": {"labels": {"a.b/c": UNKNOWN}}, "data": {}}
    assert comparing.changes(old, new) == {
        "data": Change.ADD,
        'metadata.labels["a.b/c"]': Change.UPDATE,
        "spec.gone": Change.DELETE,
        "spec.ports[1].port": Change.UPDATE,
    }


def test_what_the_server_added_is_no_difference():
    wanted = {"spec": {"containers": [{"name": "a"}]}}
    live = {"spec": {"containers": [{"name": "a", "image": "b"}, {"name": "injected"}], "more": 1}, "status": {}}
    assert comparing.shaped_like(live, wanted) == wanted


def test_the_text_of_a_secret_is_read_back_as_its_data():
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "b"}, "data": {"c": "ZA=="}}
    assert comparing.normal(secret)["data"] == {"a": base64.b64encode(b"b").decode(), "c": "ZA=="}


def test_only_some_fields_need_a_new_object():
    paths = {"spec.selector.matchLabels.app", "spec.replicas", "metadata.name", "spec.selectors"}
    assert comparing.forced("apps/v1", "Deployment", paths) == {"spec.selector.matchLabels.app", "metadata.name"}
    assert comparing.forced("v1", "ConfigMap", {"data.a"}) == {"data.a"}
    assert comparing.forced("v1", "ConfigMap", {"data.a"}, frozenset({"ConfigMap"})) == frozenset()
    assert comparing.forced("other.example/v1", "Deployment", paths) == {"metadata.name"}


def test_a_name_is_made_once_and_then_kept():
    made = objects.named(MAP, {"kind": "ConfigMap"}, {}, b"seed")
    name = made["metadata"]["name"]
    assert name.startswith("settings-")
    assert len(name) == len("settings-") + 8
    assert objects.named(MAP, {"kind": "ConfigMap"}, made, b"other")["metadata"]["name"] == name
    assert objects.named(MAP, {"metadata": {"name": "mine"}}, made, b"other") == {"metadata": {"name": "mine"}}


def test_a_name_that_the_server_would_make_is_refused():
    with pytest.raises(ProviderError, match="generateName"):
        objects.named(MAP, {"metadata": {"generateName": "a-"}}, {}, b"seed")


def test_the_cluster_is_the_same_while_its_identifier_is():
    old, new = {"kubeconfig": "a", "clusterIdentifier": "x"}, {"kubeconfig": "b", "clusterIdentifier": "x"}
    assert settings.diff(old, new).replaces == frozenset()
    assert settings.diff(old, {**new, "clusterIdentifier": "y"}).replaces == {"clusterIdentifier"}


@pytest.mark.parametrize(
    ("kubeconfig", "said"),
    [
        ("/nowhere/config", "unable to load kubeconfig /nowhere/config: No such file"),
        ("{}\n", "it names no cluster"),
        ('{"clusters": [{"name": "c", "cluster": {}}], "current-context": "x"}', 'has no context "x"'),
    ],
)
def test_a_kubeconfig_that_will_not_do_says_why(kubeconfig: str, said: str):
    with pytest.raises(Unreachable, match=said):
        access({"kubeconfig": kubeconfig}, {})


def test_providers_are_served_at_the_version_that_their_sdk_asks_for():
    assert plugins_of_the_sdks()["kubernetes"]
    assert pulumi_version()


def test_an_object_without_a_cluster_keeps_its_name_and_namespace():
    provider = Kubernetes()
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}, "data": {"a": "1"}}
    old = {
        **inputs,
        "metadata": {"name": "settings-1", "namespace": "there", "annotations": {objects.AUTONAMED: "true"}},
    }
    checked = provider.check(MAP, old, inputs, b"seed")
    assert checked.inputs["metadata"] == old["metadata"]
    state = objects.state_of(old, old, "manager")
    assert provider.diff(MAP, state, old, checked.inputs).changes == {}


def test_a_namespace_that_the_program_says_only_now_is_no_other_place():
    provider = Kubernetes()
    inputs = {"apiVersion": "example/v1", "kind": "Boat", "metadata": {"name": "boat"}}
    live = {**inputs, "metadata": {"name": "boat", "namespace": "default"}}
    state = objects.state_of(live, inputs, "manager")
    assert provider.diff(MAP, state, inputs, live).changes == {}
    moved = provider.diff(MAP, state, inputs, {**inputs, "metadata": {"name": "boat", "namespace": "elsewhere"}})
    assert moved.replaces == {"metadata.namespace"}


def test_what_is_no_object_of_the_api_is_refused_by_name():
    release = Resource("urn", "kubernetes:helm.sh/v3:Release", "chart")
    with pytest.raises(ProviderError, match=r"no kubernetes:helm.sh/v3:Release"):
        Kubernetes().check(release, {}, {"chart": "x"}, b"seed")


@pytest.fixture
def host() -> Iterator[language_pb2_grpc.LanguageRuntimeStub]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost("nowhere"), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel)
    server.stop(0).wait()


def test_a_policy_pack_runs_with_an_interpreter_of_its_own(host: Any, tmp_path: Path):
    python = tmp_path / "own" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$WORD $*"\necho oops >&2\nexit 3\n')
    python.chmod(0o755)
    info = language_pb2.ProgramInfo(root_directory=str(tmp_path), program_directory=str(tmp_path))
    info.options.update({"virtualenv": "own"})
    asked = language_pb2.RunPluginRequest(kind="analyzer", args=["127.0.0.1:1"], env=["WORD=hello"], info=info)
    said = list(host.RunPlugin(asked))
    assert b"".join(each.stdout for each in said) == f"hello -u -m pulumi.policy 127.0.0.1:1 {tmp_path}\n".encode()
    assert b"".join(each.stderr for each in said) == b"oops\n"
    assert said[-1].exitcode == 3


def test_the_host_says_which_providers_a_program_may_want(host: Any):
    packages = host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest()).packages
    assert ("kubernetes", plugins_of_the_sdks()["kubernetes"]) in {(each.name, each.version) for each in packages}


def test_the_host_runs_nothing_but_programs_and_policy_packs(host: Any):
    with pytest.raises(grpc.RpcError, match="runs policy packs, no resource"):
        list(host.RunPlugin(language_pb2.RunPluginRequest(kind="resource")))
