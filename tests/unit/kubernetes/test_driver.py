"""A driver as a Job: it may be started again and again, never twice at one time, and may do what its account may."""

from typing import Any

import pytest

from moorage.errors import Unsupported
from moorage.ports import DRIVE_VARIABLE, REFUSED_CODE, DriverJob, Hosts, JobName, Owner
from moorage.runs import hosted
from moorage_kubernetes.adapter import adapter
from moorage_kubernetes.driver import COMMAND
from moorage_kubernetes.lower import KubernetesRequest
from moorage_kubernetes.target import KubernetesTarget, Spot

TARGET = KubernetesTarget(
    namespace="ml", cpu=4, memory_gib=8, context="laptop", kubeconfig="~/laptop.yaml", queue="team",
    driver_service_account="driver", store_secrets=("store",), environment={"AWS_REGION": "eu"},
    spot=Spot(node_selector={"spot": "yes"}),
)  # fmt: skip
JOB = DriverJob(
    name=JobName("mr-r1-driver-1-abc123"),
    owner=Owner(environment="onprem", pipeline="loans", run="r1"),
    image="registry.example/steps@sha256:0000",
    document_uri="s3://bucket/store/runs/r1/hosted/1.json",
)


def lowered(target: KubernetesTarget = TARGET) -> KubernetesRequest:
    assert isinstance(adapter, Hosts)
    request = adapter.lower_driver(JOB, target)
    assert isinstance(request, KubernetesRequest)
    return request


def body() -> Any:
    return lowered().body


def pod() -> Any:
    return body()["spec"]["template"]["spec"]


def test_it_runs_the_driver_with_nothing_but_where_its_document_is() -> None:
    (container,) = pod()["containers"]
    assert container["command"] == COMMAND == ["python", "-m", hosted.__name__]
    assert {"name": DRIVE_VARIABLE, "value": JOB.document_uri} in container["env"]
    assert container["envFrom"] == [{"secretRef": {"name": "store"}}]


def test_it_has_an_account_and_its_token_and_may_not_be_on_a_spot_machine() -> None:
    assert (pod()["serviceAccountName"], pod()["automountServiceAccountToken"]) == ("driver", True)
    assert "NotIn" in str(pod()["affinity"])


def test_it_waits_in_no_queue_and_is_found_by_its_run() -> None:
    labels = body()["metadata"]["labels"]
    assert labels["moorage.dev/run"] == "r1"
    assert not [key for key in labels if "kueue" in key]


def test_it_is_started_again_unless_there_is_no_run() -> None:
    spec = body()["spec"]
    disrupted, refused = spec["podFailurePolicy"]["rules"]
    assert disrupted["action"] == "Ignore"
    assert refused == {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [REFUSED_CODE]}}
    assert spec["backoffLimit"] > 0
    assert hosted.UNFINISHED != REFUSED_CODE


def test_an_environment_without_an_account_for_drivers_is_refused() -> None:
    with pytest.raises(Unsupported, match="does not say where its API server is"):
        lowered(TARGET.model_copy(update={"driver_service_account": None}))


def test_inside_the_cluster_the_users_kubeconfig_means_nothing() -> None:
    assert isinstance(adapter, Hosts)
    seen = adapter.inside(TARGET)
    assert isinstance(seen, KubernetesTarget)
    assert (seen.context, seen.kubeconfig) == (None, None)
    assert seen.model_copy(update={"context": "laptop", "kubeconfig": "~/laptop.yaml"}) == TARGET
