"""The rules of the policy pack, each with a resource that keeps it and one that breaks it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import pytest

from moorage_infra.kubernetes import KubernetesPlatform
from moorage_infra.policies import LABELS, LEVEL, PURPOSE, RULES, STACK_RULES, Resource
from tests.infra.mocks import registered
from tests.infra.stacks import NAMES, settings

BY_NAME = {rule.name: rule for rule in (*RULES, *STACK_RULES)}
ALL_LABELS = dict.fromkeys(LABELS, "x")
DENY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
QUOTA = {"hard": {"requests.cpu": "1", "requests.memory": "1Gi", "pods": "9"}}
GPU = "nvidia.com/gpu"
GPU_QUOTA = {"hard": {**QUOTA["hard"], f"requests.{GPU}": "1"}}


class Told(Mapping[str, Any]):
    """A mapping as the engine hands it to a pack: no dict."""

    def __init__(self, held: Mapping[str, Any]) -> None:
        self._held = held

    def __getitem__(self, key: str) -> Any:
        return told(self._held[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


class ToldList(Sequence[Any]):
    """A list as the engine hands it to a pack: no list."""

    def __init__(self, held: Sequence[Any]) -> None:
        self._held = held

    def __getitem__(self, index: Any) -> Any:
        return told(self._held[index])

    def __len__(self) -> int:
        return len(self._held)


def told(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Told(value)
    return ToldList(value) if isinstance(value, list) else value


def resource(kind: str, name: str = "it", labels: Mapping[str, str] = ALL_LABELS, **properties: Any) -> Resource:
    space = {} if kind == "Namespace" else {"namespace": "space"}
    metadata = {"name": "space" if kind == "Namespace" else name, "labels": dict(labels), **space}
    return Resource(f"kubernetes:x/v1:{kind}", name, told({"metadata": metadata, **properties}))


def pod(**spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "main", "image": "a@sha256:0", **spec.pop("container", {})}], **spec}}


def deployed(kind: str = "Deployment", **pod_spec: Any) -> Resource:
    return resource(kind, spec={"template": pod(**pod_spec)})


def role(**rule: list[str]) -> Resource:
    said = {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get"], **rule}
    return resource("Role", rules=[said])


def queue(cohort: str | None = None, **bounds: str) -> Resource:
    held = [{"name": "cpu", "nominalQuota": "1"}, {"name": GPU, **bounds}]
    groups = [{"coveredResources": ["cpu", GPU], "flavors": [{"name": "l4", "resources": held}]}]
    return resource("ClusterQueue", spec={"resourceGroups": groups, **({"cohort": cohort} if cohort else {})})


GOOD: list[tuple[str, Resource]] = [
    ("no-wildcards", role()),
    ("no-wildcards", resource("ConfigMap", data={"a": "*"})),
    ("no-privileges", deployed(container={"securityContext": {"allowPrivilegeEscalation": False}})),
    ("no-privileges", resource("Pod", **pod())),
    ("pinned-images", deployed()),
    ("pod-security", resource("Namespace", labels={LEVEL: "restricted"})),
    ("pod-security", resource("Namespace", labels={LEVEL: "privileged", PURPOSE: "devices"})),
    ("labelled", resource("ConfigMap")),
    ("labelled", Resource("aws:s3/bucket:Bucket", "b", {})),
    ("no-tokens", resource("ServiceAccount", automountServiceAccountToken=False)),
    ("bounded-queues", queue(nominalQuota="8")),
    ("bounded-queues", queue("ml", nominalQuota="8", borrowingLimit="2")),
    ("encrypted", resource("Ingress", spec={"tls": [{"hosts": ["a"]}]})),
    ("encrypted", resource("Gateway", spec={"listeners": [{"name": "a", "protocol": "HTTPS"}]})),
    ("encrypted", resource("ServiceMonitor", spec={"endpoints": [{"port": "http"}]})),
]

BAD: list[tuple[str, Resource, str]] = [
    ("no-wildcards", role(verbs=["*"]), "every one of `verbs`"),
    ("no-wildcards", role(resources=["*"]), "every one of `resources`"),
    ("no-wildcards", role(apiGroups=["", "*"]), "every one of `apiGroups`"),
    ("no-privileges", deployed(hostNetwork=True), "`hostNetwork`"),
    ("no-privileges", resource("Pod", **pod(hostPID=True)), "`hostPID`"),
    ("no-privileges", deployed("DaemonSet", container={"securityContext": {"privileged": True}}), "root of its node"),
    ("no-privileges", deployed(container={"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}), "SYS_ADMIN"),
    ("no-privileges", deployed(initContainers=[{"name": "x", "securityContext": {"privileged": True}}]), "'x'"),
    ("no-privileges", resource("CronJob", spec={"jobTemplate": {"spec": {"template": pod(hostIPC=True)}}}), "hostIPC"),
    ("pinned-images", deployed(container={"image": "a:latest"}), "'a:latest' is not named by digest"),
    ("pod-security", resource("Namespace"), "enforces no level"),
    ("pod-security", resource("Namespace", labels={LEVEL: "baseline"}), "'baseline' only"),
    ("labelled", resource("ConfigMap", labels={}), "lacks the labels app.kubernetes.io/managed-by"),
    ("no-tokens", resource("ServiceAccount"), "every pod of it gets a token"),
    ("bounded-queues", queue(), "has no bound"),
    ("bounded-queues", queue("ml", nominalQuota="8"), "borrowed without bound"),
    ("encrypted", resource("Ingress", spec={}), "without TLS"),
    ("encrypted", resource("Gateway", spec={"listeners": [{"name": "a", "protocol": "HTTP"}]}), "'a' answers without"),
    ("encrypted", resource("ServiceMonitor", spec={"endpoints": [{"tlsConfig": {"insecureSkipVerify": True}}]}), "any"),
]

SPACE, WALL = resource("Namespace"), resource("NetworkPolicy", "deny", spec=DENY)
BOUND, GPU_BOUND = resource("ResourceQuota", spec=QUOTA), resource("ResourceQuota", spec=GPU_QUOTA)
DEVICES = resource("Namespace", labels={PURPOSE: "devices"})

GOOD_STACKS: list[tuple[str, list[Resource]]] = [
    ("bounded-namespaces", [SPACE, BOUND]),
    ("bounded-namespaces", [SPACE, GPU_BOUND, queue(nominalQuota="1")]),
    ("bounded-namespaces", [DEVICES]),
    ("bounded-namespaces", []),
    ("walled-namespaces", [SPACE, WALL]),
]
BAD_STACKS: list[tuple[str, list[Resource], str]] = [
    ("bounded-namespaces", [SPACE], "it has no quota"),
    ("bounded-namespaces", [SPACE, resource("ResourceQuota", spec={"hard": {"pods": "1"}})], "nothing of requests.cpu"),
    ("bounded-namespaces", [SPACE, BOUND, queue(nominalQuota="1")], f"nothing of requests.{GPU}"),
    ("walled-namespaces", [SPACE], "lets everybody talk"),
    ("walled-namespaces", [SPACE, resource("NetworkPolicy", spec={**DENY, "policyTypes": ["Ingress"]})], "everybody"),
    ("walled-namespaces", [SPACE, resource("NetworkPolicy", spec={**DENY, "egress": [{}]})], "lets everybody talk"),
    (
        "walled-namespaces",
        [SPACE, resource("NetworkPolicy", spec={**DENY, "podSelector": {"matchLabels": {"a": "b"}}})],
        "lets everybody talk",
    ),
]


def check(rule: str, judged: Any) -> list[Any]:
    found: list[Any] = list(BY_NAME[rule].check(judged))
    return found


@pytest.mark.parametrize(("rule", "judged"), GOOD)
def test_what_keeps_a_rule_is_let_through(rule: str, judged: Resource) -> None:
    assert check(rule, judged) == []


@pytest.mark.parametrize(("rule", "judged", "words"), BAD)
def test_what_breaks_a_rule_is_told_what_is_wrong_and_what_to_do(rule: str, judged: Resource, words: str) -> None:
    (wrong,) = check(rule, judged)
    assert words in wrong
    assert "; " in wrong


@pytest.mark.parametrize(("rule", "stack"), GOOD_STACKS)
def test_a_stack_that_keeps_a_rule_is_let_through(rule: str, stack: list[Resource]) -> None:
    assert check(rule, stack) == []


@pytest.mark.parametrize(("rule", "stack", "words"), BAD_STACKS)
def test_a_stack_that_breaks_a_rule_is_told_whose_fault_it_is(rule: str, stack: list[Resource], words: str) -> None:
    ((at, wrong),) = check(rule, stack)
    assert at is SPACE
    assert words in wrong


def test_every_rule_has_something_that_keeps_it_and_something_that_breaks_it() -> None:
    assert {each[0] for each in (*GOOD, *GOOD_STACKS)} == set(BY_NAME)
    assert {each[0] for each in (*BAD, *BAD_STACKS)} == set(BY_NAME)


@cache
def made(stack: str) -> list[Resource]:
    _, found = registered(stack, lambda: KubernetesPlatform(stack, settings(stack)).target, preview=False)
    return [Resource(each.type, each.name, told(each.inputs)) for each in found if "metadata" in each.inputs]


@pytest.mark.parametrize("stack", NAMES)
def test_our_own_component_keeps_them_all(stack: str) -> None:
    found = made(stack)
    assert [(each.name, wrong) for rule in RULES for each in found for wrong in rule.check(each)] == []
    assert [wrong for rule in STACK_RULES for wrong in rule.check(found)] == []
    assert len(found) > 15
