"""What every adapter makes of a job: pure, whole, and refused here rather than there."""

import json
import re
import sys

import pytest

from moorage.errors import Unsupported
from moorage.spec.models import Gpu, Resources
from tests.conformance.golden import GOLDEN
from tests.rigs.base import Rig, Work, job_of

FIXED = job_of(
    Work(step="train", resources=Resources(cpu=2, memory_gib=8.0), secrets={"TOKEN": "loans/token"}),
    "s3://acme/moorage/runs/r1/steps/train/1/request.json",
)
TOO_MUCH = (Resources(cpu=1000), Resources(memory_gib=1000000.0))
CAPABLE = {
    "spot": Resources(spot=True),
    "gpu": Resources(gpu=Gpu(name=("A10G",))),
    "nodes": Resources(nodes=2),
}


def test_the_same_job_is_the_same_request(rig: Rig) -> None:
    assert rig.adapter.lower(FIXED, rig.golden_target) == rig.adapter.lower(FIXED, rig.golden_target)


def test_the_request_is_the_one_that_was_reviewed(rig: Rig) -> None:
    lowered = rig.adapter.lower(FIXED, rig.golden_target).model_dump(mode="json")
    assert lowered == json.loads((GOLDEN / rig.platform / "train.json").read_bytes())


def test_the_request_survives_json(rig: Rig) -> None:
    request = rig.lower(Work())
    assert type(request).model_validate_json(request.model_dump_json()) == request


def test_the_request_is_one_that_the_platform_takes(rig: Rig) -> None:
    assert list(rig.violations(rig.lower(Work()))) == []


def test_the_job_is_called_what_every_platform_allows(rig: Rig) -> None:
    written = rig.lower(Work()).model_dump_json()
    assert re.search(r'"mr-r1-hello-1-abc123"', written)


def test_a_secret_is_not_in_the_request(rig: Rig) -> None:
    rig.keep_secret("loans/token", "hunter2-hunter2")
    written = rig.lower(Work(secrets={"TOKEN": "loans/token"})).model_dump_json()
    assert "loans/token" in written
    assert "hunter2" not in written


@pytest.mark.parametrize("asked", TOO_MUCH, ids=["cpu", "memory"])
def test_what_no_machine_there_has_is_refused_before_anything_is_sent(rig: Rig, asked: Resources) -> None:
    with pytest.raises(Unsupported, match=r"^step 'hello' asks for .*; .* ") as refused:
        rig.lower(Work(resources=asked))
    assert refused.value.problems[0].fix


@pytest.mark.parametrize("capability", CAPABLE)
def test_a_capability_is_there_or_refused_for_the_reason_that_it_states(rig: Rig, capability: str) -> None:
    reason = getattr(rig.adapter.capabilities, capability)
    if reason is True:
        assert rig.lower(Work(resources=CAPABLE[capability]))
    else:
        with pytest.raises(Unsupported, match=re.escape(reason)):
            rig.lower(Work(resources=CAPABLE[capability]))


def test_lowering_touches_nothing_outside_itself(rig: Rig) -> None:
    rig.adapter.lower(FIXED, rig.golden_target)  # what it imports is imported
    target = rig.golden_target
    seen: list[str] = []
    outside = ("open", "os.", "socket.", "subprocess.", "shutil.", "time.sleep")
    watching = True
    sys.addaudithook(lambda event, _: seen.append(event) if watching and event.startswith(outside) else None)
    rig.adapter.lower(FIXED, target)
    watching = False
    assert seen == []
