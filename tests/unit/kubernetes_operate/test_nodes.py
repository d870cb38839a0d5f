"""What nodes offer, beside what a stack asks of them."""

from typing import Any

from moorage_kubernetes.operate.asked import Asked, asked_of
from moorage_kubernetes.operate.nodes import Node, gpus, node, quota
from tests.unit.kubernetes_operate.stack import settings

L4 = {"gpu": "L4"}


def body(labels: dict[str, str], **allocatable: str) -> dict[str, Any]:
    offers = {key.replace("gpus", "nvidia.com/gpu"): value for key, value in allocatable.items()}
    return {"metadata": {"labels": labels}, "spec": {}, "status": {"allocatable": offers}}


def nodes(*bodies: dict[str, Any]) -> list[Node]:
    return [node(each) for each in bodies]


def asked(**changes: Any) -> Asked:
    return asked_of(settings(**changes))


BIG = body({"pool": "cpu"}, cpu="64", memory="256Gi")
WITH_GPUS = body(L4, cpu="31850m", memory="120Gi", gpus="4")


def test_a_cluster_that_has_it_all_is_well():
    there = nodes(BIG, WITH_GPUS, WITH_GPUS)
    assert gpus(asked(), there) == (["L4: 8 on 2 nodes"], [])
    seen, lacks = quota(asked(), there)
    assert lacks == []
    assert seen == "40 of 127.7 CPUs, 128 of 496 GiB"


def test_a_label_that_no_node_has_is_named_beside_those_that_there_are():
    _, lacks = gpus(asked(), nodes(BIG, body({"gpu": "T4"}, gpus="4")))
    assert lacks == ["l4: no node has gpu=L4; there is gpu=T4"]


def test_a_kind_of_machine_that_is_not_there_is_named_by_its_labels():
    _, lacks = quota(asked(), nodes(body({"pool": "big"}, cpu="64", memory="256Gi"), WITH_GPUS, WITH_GPUS))
    assert lacks == ["cpu: no node has pool=cpu; there is pool=big"]


def test_fewer_gpus_than_a_node_is_said_to_have_are_counted():
    _, lacks = gpus(asked(), nodes(body(L4, gpus="2")))
    assert lacks == ["l4: the most nvidia.com/gpu that one of 1 nodes has is 2; the stack says 4"]


def test_a_node_without_a_device_plugin_has_none():
    _, lacks = gpus(asked(), nodes(body(L4, cpu="8")))
    assert "is 0; the stack says 4" in lacks[0]


def test_what_is_asked_beyond_what_is_there_is_said_for_each_kind():
    _, lacks = quota(asked(), nodes(body({"pool": "cpu"}, cpu="16", memory="64Gi"), body(L4, gpus="4")))
    assert lacks == [
        "the namespace asks for 40 CPUs, and 16 are there",
        "the namespace asks for 128 GiB, and 64 are there",
        "flavour l4 asks for 24 CPUs, and 0 are there",
        "flavour l4 asks for 64 GiB, and 0 are there",
        "flavour l4 asks for 8 nvidia.com/gpu, and 4 are there",
    ]


def test_spot_machines_have_the_labels_of_both():
    flavour = {"name": "spot", "labels": {"pool": "cpu"}, "spot": True, "quota": {"cpu": "1", "memory": "1Gi"}}
    found = asked(flavours=[flavour], spot={"labels": {"lifecycle": "spot"}})
    assert found.labels(found.flavours[0]) == {"pool": "cpu", "lifecycle": "spot"}
