"""The component for Kubernetes, without an engine: what it registers for each stack, and what it hands on."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pulumi
import pytest

from moorage_infra.kubernetes import KubernetesPlatform
from moorage_infra.kubernetes.place import RUN, SERVED, STEP
from moorage_infra.targets import kubernetes_target
from moorage_kubernetes.adapter import adapter
from moorage_kubernetes.role import rules
from tests.infra.mocks import Registered, registered
from tests.infra.stacks import NAMES, settings

COMPONENT = "moorage:kubernetes:KubernetesPlatform"
IN_ALL = {
    "Namespace": 1, "ResourceQuota": 1, "LimitRange": 1, "PriorityClass": 2, "PodDisruptionBudget": 1,
    "ServiceAccount": 3, "Role": 1, "RoleBinding": 1, "ClusterQueue": 1, "LocalQueue": 1,
}  # fmt: skip
"""How many of each kind every stack has."""
MORE = {
    "local-dev": {"ResourceFlavor": 1, "NetworkPolicy": 6},
    "onprem": {
        "ResourceFlavor": 3, "NetworkPolicy": 8, "Namespace": 2, "DaemonSet": 1,
        "ServiceMonitor": 1, "PrometheusRule": 1,
    },
    "onprem-prod": {
        "ResourceFlavor": 2, "NetworkPolicy": 6, "DeviceClass": 1, "ServiceMonitor": 1, "PrometheusRule": 1,
        "ConfigMap": 1,
    },
}  # fmt: skip


@cache
def run(stack: str, preview: bool) -> tuple[Any, list[Registered]]:
    return registered(stack, lambda: KubernetesPlatform(stack, settings(stack)).target, preview=preview)


def objects(stack: str, preview: bool = False) -> list[Registered]:
    return [each for each in run(stack, preview)[1] if each.type.startswith("kubernetes:")]


def named(stack: str, what: str) -> Registered:
    (found,) = [each for each in objects(stack) if each.name == f"{stack}-{what}"]
    return found


def counted(found: list[Registered]) -> dict[str, int]:
    kinds = [each.kind for each in found]
    return {kind: kinds.count(kind) for kind in kinds}


def strings(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (text for each in value.items() for text in strings(each))
    elif isinstance(value, list | tuple):
        yield from (text for each in value for text in strings(each))
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("stack", NAMES)
def test_a_stack_has_these_objects_and_no_others(stack: str, preview: bool) -> None:
    assert counted(objects(stack, preview)) == {**IN_ALL, **MORE[stack]}


@pytest.mark.parametrize("stack", NAMES)
def test_a_preview_says_what_is_made(stack: str) -> None:
    def told(preview: bool) -> dict[str, Any]:
        return {each.name: dict(each.inputs) for each in objects(stack, preview)}

    assert told(True) == told(False)


@pytest.mark.parametrize("stack", NAMES)
def test_the_target_is_the_one_that_the_adapter_takes(stack: str) -> None:
    target = run(stack, False)[0]
    assert isinstance(target, adapter.Target)
    assert adapter.Target.model_validate(target.model_dump(mode="json")) == target
    assert target.namespace == settings(stack).namespace


def test_drivers_have_an_account_only_where_they_reach_the_api_server() -> None:
    closed = settings("onprem", lambda said: said["network"].pop("api_server"))
    assert kubernetes_target(closed).driver_service_account is None
    assert kubernetes_target(settings("onprem")).driver_service_account == "driver"


@pytest.mark.parametrize("stack", NAMES)
def test_what_the_target_names_is_made(stack: str) -> None:
    target, made = run(stack, False)
    names = {(each.kind, each.inputs["metadata"]["name"]) for each in made if "metadata" in each.inputs}
    assert ("Namespace", target.namespace) in names
    assert ("ServiceAccount", target.service_account) in names
    assert ("ServiceAccount", target.driver_service_account) in names
    assert ("LocalQueue", target.queue) in names
    assert ("PriorityClass", target.priority_class) in names


@pytest.mark.parametrize("stack", NAMES)
def test_every_child_is_named_for_its_component_and_labelled(stack: str) -> None:
    for each in objects(stack):
        assert each.name.startswith(f"{stack}-")
        assert each.inputs["metadata"]["labels"]["moorage.dev/environment"] == stack
        assert settings(stack).labels.items() <= each.inputs["metadata"]["labels"].items()


@pytest.mark.parametrize("stack", NAMES)
def test_everything_goes_through_the_provider_that_the_stack_names(stack: str) -> None:
    (provider,) = [each for each in run(stack, False)[1] if each.type == "pulumi:providers:kubernetes"]
    cluster = settings(stack).cluster
    assert provider.inputs["clusterIdentifier"] == cluster.identifier
    assert (provider.inputs["context"], provider.inputs["kubeconfig"]) == (cluster.context, cluster.kubeconfig)
    assert all(f"::{stack}-cluster::" in each.provider for each in objects(stack))


def test_the_environment_of_whoever_runs_it_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {each.name: each.inputs for each in run("local-dev", False)[1]}
    monkeypatch.setenv("KUBECONFIG", "/elsewhere")
    monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    monkeypatch.setenv("PULUMI_K8S_ENABLE_PATCH_FORCE", "true")
    monkeypatch.setenv("PULUMI_K8S_UPSERT_EXISTING_OBJECTS", "true")
    run.cache_clear()
    assert {each.name: each.inputs for each in run("local-dev", False)[1]} == before


def test_a_provider_of_the_users_own_is_taken_instead() -> None:
    def program() -> pulumi.Output[Any]:
        import pulumi_kubernetes

        own = pulumi_kubernetes.Provider("own", kubeconfig="{}")
        return KubernetesPlatform(
            "mine", settings("local-dev"), environment="eks-dev", opts=pulumi.ResourceOptions(providers=[own])
        ).target

    _, made = registered("mine", program, preview=False)
    assert [each.name for each in made if each.type.startswith("pulumi:providers:")] == ["own"]
    found = [each for each in made if each.type.startswith("kubernetes:")]
    assert all("::own::" in each.provider for each in found)
    assert {each.inputs["metadata"]["labels"]["moorage.dev/environment"] for each in found} == {"eks-dev"}


@pytest.mark.parametrize("stack", NAMES)
def test_steps_run_in_a_namespace_that_refuses_what_they_do_not_need(stack: str) -> None:
    labels = named(stack, "namespace").inputs["metadata"]["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}


@pytest.mark.parametrize("stack", NAMES)
def test_no_account_gets_a_token_and_only_the_driver_has_a_role(stack: str) -> None:
    accounts = [each for each in objects(stack) if each.kind == "ServiceAccount"]
    assert all(each.inputs["automountServiceAccountToken"] is False for each in accounts)
    bound = named(stack, "binding-driver").inputs["subjects"]
    assert [each["name"] for each in bound if each["kind"] == "ServiceAccount"] == ["driver"]
    people = settings(stack).drivers
    assert [each["name"] for each in bound if each["kind"] != "ServiceAccount"] == [*people.users, *people.groups]


@pytest.mark.parametrize("stack", NAMES)
def test_a_driver_may_do_what_the_adapter_uses_and_no_more(stack: str) -> None:
    assert named(stack, "role-driver").inputs["rules"] == [rule.as_body() for rule in rules(run(stack, False)[0])]
    assert "*" not in set(strings(named(stack, "role-driver").inputs))


def test_gpus_are_bounded_by_the_quota_and_by_the_queue() -> None:
    hard = named("onprem", "quota").inputs["spec"]["hard"]
    assert hard["requests.nvidia.com/gpu"] == "16"
    (group,) = named("onprem", "cluster-queue").inputs["spec"]["resourceGroups"]
    assert group["coveredResources"] == ["cpu", "memory", "nvidia.com/gpu"]
    amounts = {each["name"]: each["resources"][2]["nominalQuota"] for each in group["flavors"]}
    assert amounts == {"moorage-cpu": "0", "moorage-l4": "8", "moorage-a100-spot": "8"}


def test_a_flavour_of_spot_machines_is_known_by_the_labels_and_taints_of_both() -> None:
    spec = named("onprem", "flavour-a100-spot").inputs["spec"]
    assert spec["nodeLabels"] == {
        "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB", "node-lifecycle": "spot"
    }  # fmt: skip
    assert [each["key"] for each in spec["nodeTaints"]] == ["nvidia.com/gpu", "node-lifecycle"]


def test_all_talk_is_refused_but_what_is_named() -> None:
    denied = named("onprem", "network-default-deny").inputs["spec"]
    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    policies = {each.name.removeprefix("onprem-network-"): each.inputs["spec"] for each in objects("onprem")
                if each.kind == "NetworkPolicy" and "devices" not in each.name}  # fmt: skip
    assert set(policies) == {
        "default-deny", "dns", "store", "nodes", "to-package-index", "api-server", "serving"
    }  # fmt: skip
    assert policies["store"]["egress"] == [
        {"to": [{"ipBlock": {"cidr": "10.20.0.0/24"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
    ]
    (rule,) = policies["serving"]["ingress"]
    assert [peer["namespaceSelector"]["matchLabels"] for peer in rule["from"]] == [
        {"kubernetes.io/metadata.name": "ingress-nginx"}, {"kubernetes.io/metadata.name": "monitoring"}
    ]  # fmt: skip
    assert policies["serving"]["podSelector"]["matchExpressions"][0]["key"] == SERVED
    assert policies["api-server"]["podSelector"]["matchExpressions"] == [
        {"key": RUN, "operator": "Exists"}, {"key": STEP, "operator": "DoesNotExist"}
    ]  # fmt: skip


def test_no_secret_is_in_what_is_sent() -> None:
    for stack in NAMES:
        assert all(each.kind != "Secret" for each in objects(stack))


@pytest.mark.parametrize(("stack", "protected"), [("local-dev", False), ("onprem-prod", True)])
def test_a_stack_says_whether_its_namespace_is_protected(stack: str, protected: bool) -> None:
    assert settings(stack).protect is protected


def test_what_is_not_asked_for_is_not_made() -> None:
    def less(said: dict[str, Any]) -> None:
        for key in ("monitoring", "devices"):
            del said[key]

    program = lambda: KubernetesPlatform("onprem", settings("onprem", less)).target  # noqa: E731
    _, made = registered("onprem", program, preview=False)
    kinds = counted([each for each in made if each.type.startswith("kubernetes:")])
    assert not {"DaemonSet", "ServiceMonitor", "PrometheusRule", "ConfigMap", "DeviceClass"} & set(kinds)
    assert kinds["Namespace"] == 1
