"""Bodies are legal at their limits, and hold nothing that they should not."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from moorage.errors import Unsupported
from moorage.plan.names import job_name
from moorage.ports import JobName, Owner, StepJob
from moorage.spec.models import Gpu, Resources
from moorage_kubernetes.lower import lower
from moorage_kubernetes.names import label_value, labels_of
from moorage_kubernetes.target import GpuOffer, KubernetesTarget, Spot, Toleration

A10G = GpuOffer(name="A10G", memory_gib=24, per_node=4, node_selector={"gpu": "a10g"})
L4 = GpuOffer(name="L4", memory_gib=24, node_selector={"gpu": "l4"})
MI300 = GpuOffer(name="MI300", memory_gib=192, resource="amd.com/gpu", node_selector={"gpu": "mi300"}, tolerations=())
SPOT = Spot(node_selector={"spot": "yes"}, tolerations=(Toleration(key="spot", effect="NoSchedule"),))
TARGET = KubernetesTarget(namespace="ml", cpu=16, memory_gib=64, gpus=(A10G, L4, MI300), spot=SPOT)
LEGAL_VALUE = re.compile(r"([A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?)?")


def job(resources: Resources | None = None, **more: Any) -> StepJob:
    owner = Owner(environment="onprem", pipeline="loans", run="r1", step="train", attempt=1)
    given: dict[str, Any] = {
        "name": JobName("mr-r1-train-1-abc123"), "owner": owner, "image": "registry/steps@sha256:0",
        "request_uri": "s3://b/request.json", "resources": resources or Resources(), "timeout_seconds": 60.0, **more,
    }  # fmt: skip
    return StepJob(**given)


def pod(resources: Resources | None = None, target: KubernetesTarget = TARGET) -> Mapping[str, Any]:
    body: Any = lower(job(resources), target).body
    spec = body["spec"]
    found: Mapping[str, Any] = (spec if "template" in spec else spec["replicatedJobs"][0]["template"]["spec"])[
        "template"
    ]
    return found


def container(resources: Resources | None = None) -> Mapping[str, Any]:
    (found,) = pod(resources)["spec"]["containers"]
    return dict(found)


def node_terms(resources: Resources) -> list[list[tuple[str, str, str]]]:
    affinity = pod(resources)["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    terms = affinity["nodeSelectorTerms"]
    return [[(each["key"], each["operator"], each["values"][0]) for each in term["matchExpressions"]] for term in terms]


def test_the_longest_name_leaves_room_for_what_a_jobset_appends() -> None:
    longest = job_name("r12345678ab", "s" * 32, 100)
    assert lower(job(Resources(nodes=100), name=longest), TARGET).kind == "JobSet"
    with pytest.raises(Unsupported, match="asks for 101 nodes; the names of its pods would be 1 characters too long"):
        lower(job(Resources(nodes=101), name=longest), TARGET)
    assert lower(job(Resources(nodes=1000)), TARGET).kind == "JobSet"


@pytest.mark.parametrize("text", ["a" * 64, "Größe", "a b", "-a", "a/b", "", "a" * 200, "."])
def test_what_no_label_can_hold_becomes_something_that_one_can(text: str) -> None:
    value = label_value(text)
    assert LEGAL_VALUE.fullmatch(value)
    assert 0 < len(value) <= 63
    assert value == label_value(text)


def test_texts_that_look_alike_stay_apart() -> None:
    texts = ["a" * 64, "a" * 65, "a b", "a/b", "a-b", "Größe", "Gröfe"]
    assert len({label_value(text) for text in texts}) == len(texts)


def test_an_owner_is_written_exactly_where_labels_cannot_say_it() -> None:
    owner = Owner(environment="Größe 1", pipeline="p" * 80, run="r1", step="train", attempt=1)
    body: Any = lower(job(owner=owner), TARGET).body
    assert json.loads(body["metadata"]["annotations"]["moorage.dev/owner"]) == owner.model_dump()
    assert labels_of(owner).items() <= body["metadata"]["labels"].items()


def test_a_search_uses_the_labels_that_a_job_has() -> None:
    labels: Any = lower(job(), TARGET).body["metadata"]
    assert labels_of(Owner(environment="onprem", run="r1")).items() <= labels["labels"].items()


def test_memory_is_held_to_where_it_is_named() -> None:
    assert container(Resources(memory_gib=1.5))["resources"] == {
        "requests": {"cpu": "1000m", "memory": "1536Mi"},
        "limits": {"memory": "1536Mi"},
    }
    assert container(Resources(cpu=0.25))["resources"] == {"requests": {"cpu": "250m", "memory": "1024Mi"}}


def test_a_gpu_is_found_by_any_of_its_names_and_of_one_resource_only() -> None:
    asked = Resources(gpu=Gpu(name=("L4", "A10G")))
    assert node_terms(asked) == [
        [("gpu", "In", "a10g"), ("spot", "NotIn", "yes")],
        [("gpu", "In", "l4"), ("spot", "NotIn", "yes")],
    ]
    assert container(asked)["resources"]["limits"] == {"nvidia.com/gpu": "1"}
    assert container(Resources(gpu=Gpu(name=("MI300", "L4"))))["resources"]["limits"] == {"amd.com/gpu": "1"}


@pytest.mark.parametrize(
    ("gpu", "said"),
    [
        (Gpu(name=("H100",)), "asks for 1 x H100 on a node; this environment has 4 x A10G with 24 GiB, 1 x L4"),
        (Gpu(name=("L4",), count=2), "asks for 2 x L4 on a node"),
        (Gpu(name=("A10G",), memory_gib=48.0), "asks for 1 x A10G with 48 GiB on a node"),
    ],
)
def test_a_gpu_that_no_node_has_is_refused(gpu: Gpu, said: str) -> None:
    with pytest.raises(Unsupported, match=said):
        lower(job(Resources(gpu=gpu)), TARGET)


def test_spot_is_wanted_or_avoided() -> None:
    assert node_terms(Resources(spot=True)) == [[("spot", "In", "yes")]]
    assert node_terms(Resources()) == [[("spot", "NotIn", "yes")]]
    assert {"key": "spot", "operator": "Exists", "effect": "NoSchedule"} in pod(Resources(spot=True))["spec"][
        "tolerations"
    ]
    assert not any(each["key"] == "spot" for each in pod()["spec"]["tolerations"])


@pytest.mark.parametrize(
    ("asked", "changed", "said"),
    [
        (Resources(spot=True), {"spot": None}, "asks for a spot machine; this environment names no spot nodes"),
        (Resources(nodes=2), {"jobset": False}, "asks for 2 nodes; this cluster has no JobSet"),
    ],
)
def test_what_the_environment_lacks_is_refused(asked: Resources, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(Unsupported, match=said):
        lower(job(asked), TARGET.model_copy(update=changed))


@pytest.mark.parametrize(
    ("offered", "seen", "fix"),
    [
        (("other",), "this environment offers other", "name one of these, or add 'loans' to `secrets` in the stack"),
        ((), "this environment offers none", "add 'loans' to `secrets` in the stack"),
    ],
)
def test_a_secret_that_the_environment_does_not_offer_is_refused(offered: tuple[str, ...], seen: str, fix: str) -> None:
    with pytest.raises(Unsupported, match=f"asks for the secret loans/token; {seen}") as refused:
        lower(job(secrets={"TOKEN": "loans/token"}), TARGET.model_copy(update={"secrets": offered}))
    assert refused.value.problems[0].fix == fix


def test_a_pod_may_do_no_more_than_it_must() -> None:
    spec, security = pod()["spec"], container()["securityContext"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip


def test_deadlines_are_the_steps_own() -> None:
    spec: Any = lower(job(timeout_seconds=0.5, queue_seconds=3600.0), TARGET).body["spec"]
    assert spec["activeDeadlineSeconds"] == 3601
    assert spec["template"]["spec"]["activeDeadlineSeconds"] == 1
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (0, 86400)


@pytest.mark.parametrize(
    "wrong",
    [
        {"namespace": "Not_Legal"},
        {"labels": {"moorage.dev/run": "mine"}},
        {"labels": {"a b": "c"}},
        {"node_selector": {"a": "not legal"}},
        {"user": 0},
        {"gpus": [{"name": "L4", "memory_gib": 24, "node_selector": {}}]},
    ],
)
def test_a_target_that_a_cluster_would_refuse_is_refused_here(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        KubernetesTarget.model_validate({"namespace": "ml", "cpu": 1, "memory_gib": 1, **wrong})
