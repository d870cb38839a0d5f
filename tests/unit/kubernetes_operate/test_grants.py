"""Bindings of roles: what they give to whom, and which of a cluster's concern a namespace."""

from typing import Any

import pytest

from moorage_kubernetes.operate.grants import OWN, means, reaches


def binding(*subjects: dict[str, str], **labels: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "b", "labels": labels},
        "roleRef": {"kind": "ClusterRole", "name": "edit"},
        "subjects": list(subjects),
    }


def account(namespace: str) -> dict[str, str]:
    return {"kind": "ServiceAccount", "namespace": namespace, "name": "steps"}


def user(name: str, kind: str = "User") -> dict[str, str]:
    return {"kind": kind, "name": name}


def test_a_binding_says_what_it_gives_to_whom():
    assert (
        means(binding(user("eve"), account("shop"))) == "gives ClusterRole edit to User eve, ServiceAccount shop/steps"
    )
    assert means({**binding(), "subjects": None}) == "gives ClusterRole edit to nobody"


@pytest.mark.parametrize(
    "subject",
    [
        account("shop"),
        user("eve"),
        user("team", "Group"),
        user("system:authenticated", "Group"),
        user("system:serviceaccounts", "Group"),
        user("system:serviceaccounts:shop", "Group"),
        user("system:serviceaccount:shop:steps"),
    ],
)
def test_what_concerns_the_namespace_reaches_it(subject: dict[str, str]):
    assert reaches(binding(subject), {"shop"})


@pytest.mark.parametrize(
    "subject",
    [
        account("kube-system"),
        user("system:kube-scheduler"),
        user("system:nodes", "Group"),
        user("system:serviceaccounts:other", "Group"),
        user("system:serviceaccount:shop-devices:x"),
    ],
)
def test_what_controllers_elsewhere_get_does_not(subject: dict[str, str]):
    assert not reaches(binding(subject), {"shop"})


def test_what_every_cluster_begins_with_does_not():
    assert not reaches({**binding(user("eve")), "metadata": {"name": "b", "labels": {OWN: "rbac-defaults"}}}, {"shop"})
