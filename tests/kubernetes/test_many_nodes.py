"""Steps of several nodes: one JobSet, whose pods meet."""

import pytest

from moorage.spec.models import Resources
from moorage.states import Cause, State
from tests.kubernetes.waiting import begun
from tests.rigs.base import Work
from tests.rigs.kubernetes.cluster import CLUSTER
from tests.rigs.kubernetes.faults import Delay, Faults, Rule
from tests.rigs.kubernetes_platform import DRIVER, KubernetesRig

pytestmark = [pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

TWO = Resources(nodes=2)
SAYS = """
test "$NNODES-$MASTER_PORT" = 2-29500 || exit 1
until getent hosts "$MASTER_ADDR"; do sleep 0.05; done
echo "rank $NODE_RANK"
"""
"""A name of the cluster is known a moment after its pod is there: whoever meets by it asks again."""


def test_all_nodes_know_who_they_are_and_where_they_meet(rig: KubernetesRig) -> None:
    work = Work(("sh", "-c", SAYS), resources=TWO)
    assert list(rig.violations(rig.lower(work))) == []
    assert rig.run(work).state is State.SUCCEEDED
    assert rig.result(work).state is State.SUCCEEDED
    log = b"".join(rig.store.get(entry.key) for entry in rig._log(work))
    assert b"rank 0" in log
    assert b"rank 1" in log


def test_one_node_that_fails_fails_all(rig: KubernetesRig) -> None:
    work = Work(("sh", "-c", 'test "$NODE_RANK" = 1 && exit 3; sleep 600'), resources=TWO)
    handle = rig.submit(rig.lower(work), key="one")
    assert rig.await_end(handle).state is State.FAILED
    assert rig.result(work).cause is Cause.USER
    assert rig.leftovers(handle) == []


def test_all_nodes_are_cancelled(rig: KubernetesRig) -> None:
    work = Work(("sleep", "600"), resources=TWO)
    handle = rig.submit(rig.lower(work), key="one")
    begun(rig, work)
    rig.connection.cancel(handle)
    assert rig.observe(handle).state is State.CANCELLED
    assert rig.leftovers(handle) == []
    assert rig.submit(rig.lower(work), key="one") == handle
    rig.connection.forget(handle)
    rig.await_state(handle, State.MISSING)


def test_nodes_that_have_not_begun_are_cancelled(rig: KubernetesRig) -> None:
    work = Work(("sleep", "600"), resources=TWO)
    handle = rig.submit(rig.lower(work), key="one")
    rig.connection.cancel(handle)
    assert rig.observe(handle).state is State.CANCELLED
    assert rig.leftovers(handle) == []


def test_nodes_that_end_before_it_is_written_down_what_for_are_cancelled_all_the_same(rig: KubernetesRig) -> None:
    late = Faults(Rule(Delay(3.0), "patch", "jobsets", times=1))
    vars(rig)["target"] = rig.target.model_copy(update={"kubeconfig": str(CLUSTER.plane.through(late, DRIVER))})
    handle = rig.submit(rig.lower(Work(("sleep", "600"), resources=TWO)), key="one")
    rig.connection.cancel(handle)
    assert rig.observe(handle).state is State.CANCELLED


def test_they_are_found_by_their_owner(rig: KubernetesRig) -> None:
    work = Work(resources=TWO)
    handle = rig.submit(rig.lower(work), key="one")
    assert list(rig.connection.owned(rig.job(work).owner)) == [handle]
    rig.await_end(handle)
    assert list(rig.connection.owned(rig.job(work).owner)) == [handle]
