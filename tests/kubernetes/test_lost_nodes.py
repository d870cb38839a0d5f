"""Nodes that die with a step on them, or are cut off."""

import pytest

from moorage.states import Cause, State
from moorage_kubernetes import placing, reading
from tests.kubernetes.waiting import begun
from tests.rigs import base
from tests.rigs.base import Work
from tests.rigs.kubernetes.cluster import CLUSTER, hidden
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes_platform import KubernetesRig

pytestmark = [pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

ONLY = {"only": "phoenix"}
SLEEPS = Work(("sleep", "600"))


def test_a_step_whose_node_is_gone_was_interrupted(rig: KubernetesRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "PATIENCE_SECONDS", 180.0)  # the cluster looks for pods without a node every 20 s
    vars(rig)["target"] = rig.target.model_copy(update={"node_selector": ONLY})
    with join(CLUSTER.plane, "phoenix", labels=ONLY, shared=hidden()) as node:
        handle = rig.submit(rig.lower(SLEEPS), key="one")
        begun(rig, SLEEPS)
        node.crash()
        rig.admin.delete("/api/v1/nodes/phoenix")
        seen = rig.await_end(handle)
    assert (seen.state, seen.cause) == (State.FAILED, Cause.INTERRUPTED)


def test_a_step_whose_node_is_cut_off_was_interrupted(rig: KubernetesRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "PATIENCE_SECONDS", 180.0)  # the cluster misses a node after 50 s
    monkeypatch.setattr(placing, "LOST_NODE_SECONDS", 1)
    monkeypatch.setattr(reading, "GONE_SECONDS", 2.0)
    vars(rig)["target"] = rig.target.model_copy(update={"node_selector": ONLY})
    with join(CLUSTER.plane, "phoenix", labels=ONLY, shared=hidden()) as node:
        handle = rig.submit(rig.lower(SLEEPS), key="one")
        begun(rig, SLEEPS)
        node.order("lose")
        seen = rig.await_end(handle)
        assert (seen.state, seen.cause) == (State.FAILED, Cause.INTERRUPTED)
        assert "phoenix does not answer" in seen.reason
        node.order("recover")
        rig.connection.cancel(handle)
        assert rig.leftovers(handle) == []
