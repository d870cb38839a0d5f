"""The Role of a driver: all other tests run under it; here it is seen that nothing in it is too much."""

from collections.abc import Mapping, Sequence

import pytest

from moorage.spec.models import Resources
from moorage.states import State
from moorage_kubernetes.connection import KubernetesConnection
from moorage_kubernetes.role import rules
from moorage_kubernetes.target import KubernetesTarget
from tests.kubernetes.waiting import waiting
from tests.rigs.base import Work
from tests.rigs.kubernetes.cluster import CLUSTER
from tests.rigs.kubernetes.faults import Faults
from tests.rigs.kubernetes_platform import DRIVER, KubernetesRig

pytestmark = [pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

ALL: Mapping[str, tuple[str, ...] | None] = {"any": None, "two": ("loans", "other"), "none": ()}


def test_every_verb_of_the_role_is_one_that_a_driver_uses(rig: KubernetesRig) -> None:
    target = rig.bound(rig.target.model_copy(update={"queue": "nobody"}))
    faults = Faults()
    vars(rig)["target"] = target.model_copy(update={"kubeconfig": str(CLUSTER.plane.through(faults, DRIVER))})
    rig.keep_secret("loans/token", "value")
    for number, nodes in enumerate((1, 2)):
        work = Work(run=f"r{number}", secrets={"TOKEN": "loans/token"}, resources=Resources(nodes=nodes))
        handle = rig.submit(rig.lower(work), key=work.run)
        waiting(rig, handle, "nobody")
        list(rig.connection.owned(rig.job(work).owner))
        rig.connection.cancel(handle)
        rig.connection.forget(handle)
        rig.await_state(handle, State.MISSING)
    assert isinstance(rig.connection, KubernetesConnection)
    list(rig.connection.api.log("none", "step"))
    used = {(seen.call.resource, seen.call.verb) for seen in faults.seen}
    assert used == {(rule.resource, verb) for rule in rules(target) for verb in rule.verbs}


@pytest.mark.parametrize("secrets", ALL.values(), ids=ALL)
def test_secrets_are_asked_for_by_name_where_the_stack_names_them(secrets: Sequence[str] | None) -> None:
    target = KubernetesTarget(namespace="ml", cpu=1, memory_gib=1, secrets=None if secrets is None else tuple(secrets))
    found = [rule.as_body() for rule in rules(target) if rule.resource == "secrets"]
    names = {} if secrets is None else {"resourceNames": list(secrets)}
    wanted = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], **names}
    assert found == ([] if secrets == () else [wanted])
