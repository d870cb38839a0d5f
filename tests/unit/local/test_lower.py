"""What this machine cannot give is refused in a sentence."""

import pytest

from moorage.errors import Unsupported
from moorage.ports import StepJob
from moorage.spec.models import Gpu, Resources
from moorage_local.lower import lower
from moorage_local.target import LocalTarget
from tests.rigs.base import Work, job_of

SMALL = LocalTarget(folder="/project/.moorage", cpu=2, memory_gib=23.44, python="/usr/bin/python3")


def _train(resources: Resources) -> StepJob:
    return job_of(Work(step="train", resources=resources), "file:///store/runs/r1/steps/train/1/request.json")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            Resources(cpu=64, memory_gib=512.0),
            "step 'train' asks for 64 CPU, 512 GiB; this machine has 2 CPU, 23.44 GiB\n"
            "  fix: lower `resources.cpu` or `resources.memory`, or run it in an environment that has more",
        ),
        (
            Resources(gpu=Gpu()),
            "step 'train' asks for 1 GPU (any kind); this machine has no GPU\n"
            "  fix: change `resources.gpu`, or run it in an environment that has more",
        ),
        (
            Resources(nodes=2, cpu=1.5),
            "step 'train' asks for 2 nodes of 1.5 CPU, 1 GiB each; this machine has 2 CPU, 23.44 GiB\n"
            "  fix: lower `resources.nodes`, `cpu` or `memory`, or run it in an environment that has more",
        ),
        (
            Resources(spot=True),
            "step 'train' asks for a spot machine; this machine cannot be taken away, so it has no spot price\n"
            "  fix: set `resources.spot: false`",
        ),
    ],
    ids=["size", "gpu", "nodes", "spot"],
)
def test_what_this_machine_cannot_give_is_said(asked: Resources, said: str) -> None:
    with pytest.raises(Unsupported) as refused:
        lower(_train(asked), SMALL)
    assert str(refused.value) == said


def test_all_of_the_machine_may_be_asked_for() -> None:
    assert lower(_train(Resources(cpu=2, memory_gib=23.44)), SMALL).resources.cpu == 2
