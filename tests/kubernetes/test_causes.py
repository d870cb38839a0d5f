"""What becomes of a job when something goes wrong in the cluster, as a driver hears of it."""

import pytest

from moorage.errors import TargetError
from moorage.ports import Handle
from moorage.spec.models import Gpu, Resources
from moorage.states import Cause, State
from moorage_kubernetes import causes
from tests.kubernetes.waiting import begun, waiting
from tests.rigs.base import Work
from tests.rigs.kubernetes.cluster import CLUSTER
from tests.rigs.kubernetes_platform import KubernetesRig

pytestmark = [pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

SLEEPS = Work(("sleep", "600"))


@pytest.fixture
def running(rig: KubernetesRig) -> Handle:
    """A job that has begun."""
    handle = rig.submit(rig.lower(SLEEPS), key="one")
    begun(rig, SLEEPS)
    return handle


def pod_of(rig: KubernetesRig, handle: Handle) -> str:
    (pod,) = rig.pods(handle)
    name: str = pod["metadata"]["name"]
    return name


def test_an_image_that_is_not_there_is_named(rig: KubernetesRig) -> None:
    request = rig.adapter.lower(rig.job(SLEEPS).model_copy(update={"image": "bad/image:1"}), rig.target)
    CLUSTER.node.order("break_images", pattern="bad/*")
    seen = rig.await_end(rig.submit(request, key="one"))
    assert (seen.state, seen.cause) == (State.FAILED, Cause.SETUP)
    assert seen.reason.startswith("the image bad/image:1 cannot be pulled")
    later = rig.connect()
    assert later.observe([seen.handle])[0].cause is Cause.SETUP
    later.close()


def test_a_key_that_a_secret_lacks_is_named(rig: KubernetesRig, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = causes.Patience(0, causes.WAITING["CreateContainerConfigError"].sentence)
    monkeypatch.setitem(causes.WAITING, "CreateContainerConfigError", impatient)
    rig.keep_secret("loans/other", "value")
    seen = rig.run(Work(secrets={"TOKEN": "loans/token"}))
    assert (seen.state, seen.cause) == (State.FAILED, Cause.SETUP)
    assert "token" in seen.reason
    assert "loans" in seen.reason


def test_a_secret_that_is_not_there_is_told_with_the_command_that_makes_it_in_its_place(rig: KubernetesRig) -> None:
    with pytest.raises(TargetError, match="has none called 'loans'") as refused:
        rig.submit(rig.lower(Work(secrets={"TOKEN": "loans/token"})), key="one")
    command = f"-n {rig.target.namespace} create secret generic loans --from-literal=token=..."
    assert str(refused.value.problems[0].fix).endswith(command)


def test_memory_that_runs_out_is_told_from_other_ends(rig: KubernetesRig, running: Handle) -> None:
    CLUSTER.node.order("exhaust", namespace=rig.target.namespace, pod=pod_of(rig, running), container="step")
    seen = rig.await_end(running)
    assert (seen.state, seen.cause) == (State.FAILED, Cause.OUT_OF_MEMORY)


def test_a_pod_that_its_node_evicts_was_interrupted(rig: KubernetesRig, running: Handle) -> None:
    pod = pod_of(rig, running)
    CLUSTER.node.order(
        "evict", namespace=rig.target.namespace, pod=pod, message="The node was low on resource: memory."
    )
    seen = rig.await_end(running)
    assert (seen.state, seen.cause) == (State.FAILED, Cause.INTERRUPTED)
    assert "low on resource" in seen.reason


def test_a_pod_that_a_drain_evicts_was_interrupted(rig: KubernetesRig, running: Handle) -> None:
    pod = pod_of(rig, running)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    rig.admin.create(rig.path("/api/v1", f"pods/{pod}/eviction"), eviction)
    seen = rig.await_end(running)
    assert (seen.state, seen.cause) == (State.FAILED, Cause.INTERRUPTED)


def test_a_pod_that_somebody_deletes_ends_its_job(rig: KubernetesRig, running: Handle) -> None:
    rig.admin.delete(rig.path("/api/v1", f"pods/{pod_of(rig, running)}"))
    assert rig.await_end(running).state is State.FAILED
    assert rig.leftovers(running) == []


def test_a_job_that_somebody_deletes_is_missing(rig: KubernetesRig, running: Handle) -> None:
    rig.admin.delete(rig.path("/apis/batch/v1", f"jobs/{running.job}"))
    assert rig.await_state(running, State.MISSING).cause is None


def test_a_job_that_no_node_can_take_says_what_they_lack(rig: KubernetesRig, running: Handle) -> None:
    gpu = rig.submit(rig.lower(Work(run="r2", resources=Resources(gpu=Gpu(name=("A10G",))))), key="two")
    assert "1 of 1 have other labels than it asks for" in waiting(rig, gpu, "no node takes it")
    large = rig.submit(rig.lower(Work(run="r3", resources=Resources(cpu=8.0))), key="three")
    assert "1 of 1 lacks cpu" in waiting(rig, large, "no node takes it")


def test_a_quota_that_holds_a_pod_back_is_named(rig: KubernetesRig) -> None:
    rig.limit("pods", "0")
    handle = rig.submit(rig.lower(Work()), key="one")
    assert "the quota limit of the namespace is used up: it asks for pods=1" in waiting(rig, handle, "quota")


def test_a_quota_that_is_lowered_meanwhile_holds_back_only_what_comes_later(
    rig: KubernetesRig, running: Handle
) -> None:
    rig.limit("pods", "1")
    rig.admin.merge(rig.path("/api/v1", "resourcequotas/limit"), {"spec": {"hard": {"pods": "0"}}})
    later = rig.submit(rig.lower(Work(run="r2")), key="two")
    assert "the quota limit of the namespace is used up" in waiting(rig, later, "quota")
    assert rig.observe(running).state is State.RUNNING


def test_a_namespace_that_is_being_removed_takes_no_job_and_loses_its_own(rig: KubernetesRig) -> None:
    # As somebody whose rights do not go with the namespace.
    vars(rig)["target"] = rig.target.model_copy(update={"kubeconfig": str(CLUSTER.plane.kubeconfig)})
    running = rig.submit(rig.lower(SLEEPS), key="one")
    begun(rig, SLEEPS)
    rig.admin.delete(f"/api/v1/namespaces/{rig.target.namespace}")
    with pytest.raises(TargetError, match=r"being removed|not found"):
        rig.submit(rig.lower(Work(run="r2")), key="two")
    rig.await_state(running, State.MISSING)
