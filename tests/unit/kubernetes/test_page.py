"""docs/kubernetes.md quotes what a failure really reads like, and nothing else."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from moorage.errors import Unsupported
from moorage.ports import JobName, Owner, StepJob
from moorage.spec.models import Gpu, Resources
from moorage.states import Cause
from moorage_kubernetes import causes
from moorage_kubernetes.facts import job_of, pod_of
from moorage_kubernetes.hints import held, no_pod
from moorage_kubernetes.placing import refuse
from moorage_kubernetes.reading import Held
from moorage_kubernetes.refusals import refusal
from moorage_kubernetes.target import GpuOffer, KubernetesTarget
from moorage_kubernetes.telling import tell

PAGE = Path(__file__).parents[3] / "docs" / "kubernetes.md"
MEANT_ELSEWHERE = ("the step asks for the secret",)
"""What a cluster has to be there for; tests/conformance has it."""

SCHEDULER = (
    "0/5 nodes are available: 3 Insufficient nvidia.com/gpu, 2 node(s) didn't match Pod's node affinity/selector. "
    "preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling."
)
NO_QUOTA = "pods is forbidden: exceeded quota: q, requested: pods=1, used: pods=300, limited: pods=300"
BORROWED = {"type": "Evicted", "status": "True", "message": "Preempted to accommodate a workload"}
FULL = {"type": "QuotaReserved", "status": "False", "message": "couldn't assign flavors to pod set main"}


def quotes() -> Sequence[str]:
    """Return what the page says that the reader will see, but for the names of causes."""
    table = PAGE.read_text().partition("| it says |")[2].partition("\n\n")[0]
    rows = [line.split(" | ")[0] for line in table.splitlines()[2:]]
    said = [quote for row in rows for quote in re.findall(r"`([^`]+)`", row)]
    return [quote for quote in said if quote not in {cause.value for cause in Cause}]


def is_of(quote: str, message: str) -> bool:
    return re.match(re.escape(quote).replace(r"\.\.\.", ".*"), message) is not None


def pod(**status: Any) -> Mapping[str, Any]:
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "step", "image": "i:1"}], "nodeName": "n"},
        "status": {"phase": "Failed", **status},
    }


def why(**status: Any) -> str:
    """Return what is said of a pod that has failed."""
    return causes.failed(pod_of(pod(**status)))[1]


def container(state: str, **said: Any) -> Mapping[str, Any]:
    return {"name": "step", "state": {state: said}}


def waits(reason: str, message: str) -> str:
    """Return what is said of a pod whose container waits."""
    waiting = container("waiting", reason=reason, message=message)
    found = pod_of(pod(phase="Pending", containerStatuses=[waiting]))
    return causes.waiting(found, lambda: 0.0)[0]


def ended(**said: Any) -> str:
    return why(containerStatuses=[container("terminated", **said)])


def taken(reason: str) -> str:
    return why(conditions=[{"type": "DisruptionTarget", "status": "True", "reason": reason, "message": ""}])


def of_driver(**status: Any) -> str:
    """Return what is said of a driver whose pod is like that."""
    job = job_of({"metadata": {"name": "mr-r1-driver-1-abc123"}, "spec": {"backoffLimit": 100}}, "Job")
    return f"its driver {job.name}: {tell(job, [pod_of(pod(**status))], lambda _: Held())}"


def refused(message: str) -> str:
    error = SimpleNamespace(status=403, body=json.dumps({"message": message}), headers={}, reason="Forbidden")
    return str(refusal(error, "create jobs mr-1 in namespace wines"))


def too_large() -> str:
    job = StepJob(
        name=JobName("mr-r1-train-1-abc123"),
        owner=Owner(environment="onprem", pipeline="wines", run="r1", step="train", attempt=1),
        image="i", request_uri="s3://b/r.json", timeout_seconds=60, secrets={},
        resources=Resources(gpu=Gpu(name=("L4",), count=8)),
    )  # fmt: skip
    l4 = GpuOffer(name="L4", memory_gib=24, per_node=4, node_selector={"nvidia.com/gpu.product": "NVIDIA-L4"})
    with pytest.raises(Unsupported) as error:
        refuse(job, KubernetesTarget(namespace="wines", cpu=8, memory_gib=32, gpus=(l4,)))
    return error.value.problems[0].message


def messages() -> Sequence[str]:
    return [
        too_large(),
        held({"conditions": [FULL]}, "steps").reason,
        held({"conditions": [BORROWED]}, "steps").reason,
        causes.unschedulable(SCHEDULER),
        no_pod(NO_QUOTA),
        refused("exceeded quota: q, requested: count/jobs.batch=1"),
        refused('jobs.batch is forbidden: User "ann" cannot create resource "jobs"'),
        refused('admission webhook "rules.example" denied the request'),
        waits("ErrImagePull", "not found"),
        waits("CreateContainerConfigError", "couldn't find key token in Secret wines/loans"),
        ended(reason="OOMKilled", exitCode=137),
        ended(reason="Error", exitCode=2, message="error: no store"),
        of_driver(phase="Pending", containerStatuses=[container("waiting", reason="ErrImagePull")]),
        of_driver(containerStatuses=[container("terminated", reason="OOMKilled", exitCode=137)]),
        taken("PreemptionByScheduler"),
        taken("DeletionByPodGC"),
        why(reason="Evicted", message="The node was low on resource: memory.").removeprefix("Evicted: "),
    ]


def test_every_quote_of_the_page_is_something_that_is_said() -> None:
    said = messages()
    unsaid = [quote for quote in quotes() if not any(is_of(quote, message) for message in said)]
    assert [quote for quote in unsaid if not quote.startswith(MEANT_ELSEWHERE)] == []


def test_the_page_quotes_every_one_of_these() -> None:
    assert [message for message in messages() if not any(is_of(quote, message) for quote in quotes())] == []
