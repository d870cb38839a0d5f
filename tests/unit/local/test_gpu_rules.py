"""Which GPUs will do for a step, and what is said when none does."""

import pytest

from moorage.errors import Unsupported
from moorage.spec.models import Gpu, Resources
from moorage_local.gpus import fits, models, visible
from moorage_local.lower import lower
from moorage_local.shares import SHARE_VARIABLE, share_of
from moorage_local.target import LocalGpu, LocalTarget
from tests.rigs.base import Work, job_of

A10G = LocalGpu(uuid="GPU-a10g", name="NVIDIA A10G", memory_gib=22.488)
SMALL_A100 = LocalGpu(uuid="GPU-a100-40", name="NVIDIA A100-SXM4-40GB", memory_gib=40.0)
LARGE_A100 = LocalGpu(uuid="GPU-a100-80", name="NVIDIA A100-SXM4-80GB", memory_gib=80.0)
MIXED = (LARGE_A100, A10G, SMALL_A100)


def machine(*gpus: LocalGpu, **fields: str) -> LocalTarget:
    return LocalTarget(folder="/p/.moorage", cpu=8, memory_gib=64, python="/usr/bin/python3", gpus=gpus, **fields)


def refused(asked: Gpu, target: LocalTarget, nodes: int = 1) -> str:
    work = Work(step="train", resources=Resources(gpu=asked, nodes=nodes))
    with pytest.raises(Unsupported) as error:
        lower(job_of(work, "file:///s/runs/r1/steps/train/1/request.json"), target)
    return str(error.value)


@pytest.mark.parametrize(
    ("said", "name", "fit"),
    [
        ("A10G", "NVIDIA A10G", True),
        ("a10g", "NVIDIA A10G", True),
        ("A10", "NVIDIA A10G", False),
        ("L4", "NVIDIA L4", True),
        ("L4", "NVIDIA L40S", False),
        ("L40S", "NVIDIA L40S", True),
        ("T4", "Tesla T4", True),
        ("A100", "NVIDIA A100-SXM4-40GB", True),
        ("A100-80GB", "NVIDIA A100-SXM4-80GB", True),
        ("A100-80GB", "NVIDIA A100-SXM4-40GB", False),
        ("H100", "NVIDIA H100 80GB HBM3", True),
        ("RTX 4090", "NVIDIA GeForce RTX 4090", True),
        ("RTX 4090", "NVIDIA GeForce RTX 4080", False),
        ("-", "NVIDIA L4", False),
    ],
)
def test_a_name_is_matched_by_whole_words(said: str, name: str, fit: bool):
    assert fits(Gpu(name=(said,)), LocalGpu(uuid="GPU-1", name=name, memory_gib=16)) is fit


@pytest.mark.parametrize(("asked_gib", "fit"), [(16.0, True), (24.0, True), (25.0, False), (40.0, False)])
def test_memory_is_asked_for_as_the_vendor_sells_it(asked_gib: float, fit: bool):
    assert fits(Gpu(memory_gib=asked_gib), A10G) is fit


def test_of_several_models_the_smallest_is_first():
    assert list(models(Gpu(name=("A100", "A10G")), MIXED)) == [gpu.name for gpu in (A10G, SMALL_A100, LARGE_A100)]
    assert list(models(Gpu(memory_gib=30.0), MIXED)) == [SMALL_A100.name, LARGE_A100.name]


def test_a_job_may_only_get_models_of_which_there_are_enough():
    twins = (A10G, A10G.model_copy(update={"uuid": "GPU-other"}), SMALL_A100)
    work = Work(resources=Resources(gpu=Gpu(count=2)))
    request = lower(job_of(work, "file:///s/runs/r1/steps/hello/1/request.json"), machine(*twins))
    share = share_of({SHARE_VARIABLE: request.environment[SHARE_VARIABLE]})
    assert (share.gpus, dict(share.models)) == (2, {"NVIDIA A10G": ["GPU-a10g", "GPU-other"]})


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        (None, ["GPU-a100-80", "GPU-a10g", "GPU-a100-40"]),
        ("", []),
        ("-1", []),
        ("2,0", ["GPU-a100-40", "GPU-a100-80"]),
        ("GPU-a10g", ["GPU-a10g"]),
        ("1,7,0", ["GPU-a10g"]),
    ],
)
def test_what_the_user_hides_from_cuda_is_not_handed_out(said: str | None, seen: list[str]):
    assert [gpu.uuid for gpu in visible(MIXED, said)] == seen


def test_a_machine_without_gpus_says_so():
    assert refused(Gpu(), machine()) == (
        "step 'train' asks for 1 GPU (any kind); this machine has no GPU\n"
        "  fix: change `resources.gpu`, or run it in an environment that has more"
    )
    assert "no NVIDIA driver" in refused(Gpu(), machine(no_gpus="this machine has no GPU: there is no NVIDIA driver"))


def test_what_can_never_be_had_is_said_with_what_there_is():
    said = refused(Gpu(name=("L4",), count=2, memory_gib=24.0), machine(A10G, SMALL_A100), nodes=3)
    assert said.splitlines()[0] == (
        "step 'train' asks for 2 GPUs (L4, 24 GiB each) on each of 3 nodes; "
        "this machine has 1 x NVIDIA A10G (22.49 GiB), 1 x NVIDIA A100-SXM4-40GB (40 GiB)"
    )
    assert "asks for 2 GPUs (any kind)" in refused(Gpu(count=2), machine(A10G, SMALL_A100))  # not two of a kind
