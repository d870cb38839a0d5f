"""How the Job of a driver stands, in the sentence that a person gets."""

from dataclasses import replace

import pytest

from moorage_kubernetes.facts import Condition, Container, Job, Pod
from moorage_kubernetes.reading import Held
from moorage_kubernetes.telling import tell

JOB = Job("Job", "mr-r1-driver", "key", 1, {}, False, False, None, 1, once=False)
RUNS = Pod("x", "mr-r1-driver", 1, "Running", "", "", {}, False, "n", "steps", Container("running", "", "", None))
WAITS = replace(RUNS, phase="Pending", container=Container("waiting", "ErrImagePull", "not found", None))
KILLED = replace(RUNS, phase="Failed", container=Container("terminated", "OOMKilled", "", 137))
MEMORY = "its container was killed at its memory limit"


@pytest.mark.parametrize(
    ("pods", "sentence"),
    [
        ([], "it has not begun: a quota is used up"),
        ([WAITS], "it has not begun: the image steps cannot be pulled: not found"),
        ([RUNS], "it runs"),
        ([KILLED], f"it is to begin again: a quota is used up; {MEMORY}"),
        ([KILLED, RUNS], f"it runs again: {MEMORY}"),
        ([KILLED, WAITS], f"it begins again: the image steps cannot be pulled: not found; {MEMORY}"),
        ([replace(RUNS, deleting=True)], "it is ending: its pod was told to end"),
        ([replace(RUNS, phase="Unknown")], "it cannot be seen what it does"),
    ],
)
def test_a_driver_that_is_not_at_work_has_a_reason(pods: list[Pod], sentence: str) -> None:
    assert tell(JOB, pods, lambda name: Held("a quota is used up")) == sentence


def test_a_driver_that_is_not_started_again_has_failed() -> None:
    failed = replace(JOB, conditions={"Failed": Condition("Failed", True, "BackoffLimitExceeded", "")})
    assert tell(failed, [KILLED], lambda name: Held()) == f"it has failed: {MEMORY}"
