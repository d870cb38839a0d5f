"""What a stack asks of its cluster: the stacks of this repository can be checked, and so can what they make."""

import pytest

from moorage.errors import TargetError
from moorage.operations import Declared
from moorage_infra.config import KubernetesSettings
from moorage_kubernetes.operate.asked import Asked, Part, asked_of
from moorage_kubernetes.operate.inventory import Kind, Place, kind_of, namespaces, place_of
from moorage_kubernetes.operate.rights import Right, kinds, lacking, rights_to_give, rights_to_make
from tests.infra.stacks import NAMES, said
from tests.unit.kubernetes_operate.stack import settings

SPACE = Declared(
    "urn:x", "kubernetes:core/v1:Namespace", "shop", {"apiVersion": "v1", "kind": "Namespace", "metadata": {}}
)


@pytest.mark.parametrize("stack", NAMES)
def test_what_is_checked_is_what_the_program_reads(stack: str):
    assert asked_of(said(stack)).namespace == said(stack)["namespace"]


def test_every_key_that_is_checked_is_one_that_the_program_knows():
    known = set(KubernetesSettings.model_fields)
    assert set(Asked.model_fields) <= known
    for name, field in Asked.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Part):
            theirs = KubernetesSettings.model_fields[name].annotation
            assert set(field.annotation.model_fields) <= set(getattr(theirs, "model_fields", {}))


def test_what_cannot_be_checked_is_said_by_its_key():
    with pytest.raises(TargetError, match=r"the stack says no `quota.memory`"):
        asked_of(settings(quota={"cpu": 1}))
    with pytest.raises(TargetError, match=r"`flavours` cannot be used: input should be a valid"):
        asked_of(settings(flavours="cpu"))


def test_a_key_that_is_misspelt_is_named_beside_the_one_that_is_missing():
    wrong = {"namspace" if key == "namespace" else key: value for key, value in settings().items()}
    with pytest.raises(TargetError, match=r"the stack says no `namespace`") as refused:
        asked_of(wrong)
    assert refused.value.problems[0].fix == "write `namespace` for `namspace`"


def test_rights_are_those_of_what_the_stack_has():
    plain = {plural for _, plural, _ in kinds(asked_of(settings()))}
    more = asked_of(settings(monitoring={"namespace": "m", "dashboard": {}}, devices={"device_class": "gpu"}))
    assert {plural for _, plural, _ in kinds(more)} - plain == {
        "servicemonitors", "prometheusrules", "configmaps", "deviceclasses"
    }  # fmt: skip
    assert Right("create", "", "resourcequotas", "shop") in rights_to_make(asked_of(settings()))
    assert str(Right("create", "batch", "jobs", "shop")) == "create jobs.batch in shop"


def test_rights_that_are_lacking_are_told_by_kind():
    make = rights_to_make(asked_of(settings()))
    kinds_there = len(dict.fromkeys(right._replace(verb="") for right in make))
    assert lacking(make) == (
        "see, make, change or remove namespaces, priorityclasses.scheduling.k8s.io, clusterqueues.kueue.x-k8s.io, "
        f"resourceflavors.kueue.x-k8s.io, and {kinds_there - 4} more"
    )
    jobs = [Right(verb, "batch", "jobs", "shop") for verb in ("create", "list")]
    assert lacking([*jobs, Right("get", "", "secrets", "shop", "token")]) == (
        "create, list jobs.batch in shop; get secrets token in shop"
    )
    assert lacking([*make[:6], *jobs]) == "see, make, change or remove namespaces; nor create, list jobs.batch in shop"


def test_what_a_driver_gets_has_to_be_had():
    given = rights_to_give(asked_of(settings(secrets=["token"], jobset=False)))
    assert Right("get", "", "secrets", "shop", "token") in given
    assert not any(right.resource == "jobsets" for right in given)


def test_objects_are_known_by_kind_and_place():
    inside = Declared("urn:y", "kubernetes:batch/v1:Job", "shop/one", {"apiVersion": "batch/v1", "kind": "Job"})
    assert kind_of(inside) == Kind("batch/v1", "Job")
    assert str(place_of(inside)) == "Job shop/one"
    assert place_of(SPACE) == Place("Namespace", "", "shop")
    assert namespaces([SPACE, inside]) == {"shop"}
    assert kind_of(Declared("urn:z", "aws:s3:Bucket", "b", {})) is None
