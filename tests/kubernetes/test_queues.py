"""Jobs that Kueue admits: they wait in their queue, say why, and are stopped for good there too."""

from collections.abc import Iterator

import pytest

from moorage.ports import Handle
from moorage.spec.models import Resources
from moorage.states import Cause, State
from tests.kubernetes.waiting import begun, waiting
from tests.rigs.base import Work
from tests.rigs.kubernetes_platform import KubernetesRig

pytestmark = [pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

KUEUE = "/apis/kueue.x-k8s.io/v1beta1"
SLEEPS = Work(("sleep", "600"))
NEXT = Work(run="r2")


@pytest.fixture
def queued(rig: KubernetesRig) -> Iterator[KubernetesRig]:
    """The rig, with a queue that lets in one CPU at a time, and more that matters more."""
    name = rig.target.namespace
    amounts = [{"name": "cpu", "nominalQuota": "1"}, {"name": "memory", "nominalQuota": "8Gi"}]
    group = {"coveredResources": ["cpu", "memory"], "flavors": [{"name": name, "resources": amounts}]}
    preemption = {"withinClusterQueue": "LowerPriority"}
    spec = {"namespaceSelector": {}, "resourceGroups": [group], "preemption": preemption}
    _make(rig, "resourceflavors", "ResourceFlavor", name, {"spec": {}})
    _make(rig, "clusterqueues", "ClusterQueue", name, {"spec": spec})
    _make(rig, f"namespaces/{name}/localqueues", "LocalQueue", "team", {"spec": {"clusterQueue": name}})
    _make(rig, "workloadpriorityclasses", "WorkloadPriorityClass", name, {"value": 1000})
    vars(rig)["target"] = rig.bound(rig.target.model_copy(update={"queue": "team"}))
    yield rig
    rig.close()
    rig.admin.delete(f"{KUEUE}/clusterqueues/{name}")


def _make(rig: KubernetesRig, path: str, kind: str, name: str, body: dict[str, object]) -> None:
    whole = {"apiVersion": "kueue.x-k8s.io/v1beta1", "kind": kind, "metadata": {"name": name}, **body}
    rig.admin.create(f"{KUEUE}/{path}", whole)


def sleeper(rig: KubernetesRig, work: Work = SLEEPS) -> Handle:
    """Return a job that has begun, and has the whole quota."""
    handle = rig.submit(rig.lower(work), key="one")
    begun(rig, work)
    return handle


def test_a_job_that_is_let_in_runs(queued: KubernetesRig) -> None:
    assert queued.run(Work()).state is State.SUCCEEDED
    assert queued.run(Work(run="r2", resources=Resources(cpu=0.5, nodes=2))).state is State.SUCCEEDED


def test_a_job_that_waits_says_in_which_queue_and_for_what(queued: KubernetesRig) -> None:
    sleeper(queued)
    handle = queued.submit(queued.lower(NEXT), key="two")
    assert "it waits in the queue 'team': " in waiting(queued, handle, "insufficient unused quota for cpu")


def test_a_queue_that_is_not_there_is_named(queued: KubernetesRig) -> None:
    vars(queued)["target"] = queued.target.model_copy(update={"queue": "nobody"})
    queued.connection.close()
    vars(queued).pop("connection")
    handle = queued.submit(queued.lower(Work()), key="one")
    assert "nobody" in waiting(queued, handle, "doesn't exist")


@pytest.mark.parametrize("nodes", [1, 2])
def test_a_job_that_waits_is_cancelled_for_ever(queued: KubernetesRig, nodes: int) -> None:
    first = sleeper(queued)
    work = Work(run="r2", resources=Resources(cpu=0.5, nodes=nodes))
    second = queued.submit(queued.lower(work), key="two")
    queued.await_state(second, State.QUEUED)
    queued.connection.cancel(second)
    assert queued.observe(second).state is State.CANCELLED
    queued.connection.cancel(first)
    third = queued.submit(queued.lower(Work(run="r3")), key="three")
    assert queued.await_end(third).state is State.SUCCEEDED
    assert queued.observe(second).state is State.CANCELLED
    assert queued.starts(work) == 0


def test_a_job_that_runs_is_cancelled_for_ever(queued: KubernetesRig) -> None:
    handle = sleeper(queued)
    queued.connection.cancel(handle)
    assert queued.observe(handle).state is State.CANCELLED
    assert queued.leftovers(handle) == []
    assert queued.run(NEXT).state is State.SUCCEEDED


def test_a_job_whose_place_is_taken_was_interrupted_and_does_not_begin_again(queued: KubernetesRig) -> None:
    first = sleeper(queued)
    request = queued.lower(NEXT)
    meta = dict(request.body["metadata"])
    labels = {**meta["labels"], "kueue.x-k8s.io/priority-class": queued.target.namespace}
    urgent = request.model_copy(update={"body": {**request.body, "metadata": {**meta, "labels": labels}}})
    second = queued.submit(urgent, key="two")
    seen = queued.await_end(first)
    assert (seen.state, seen.cause) == (State.FAILED, Cause.INTERRUPTED)
    assert queued.await_end(second).state is State.SUCCEEDED
    assert queued.starts(SLEEPS) == 1
