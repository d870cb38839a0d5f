"""Waiting for what a cluster does."""

import time

from moorage.ports import Handle
from moorage.states import State
from tests.rigs.base import PATIENCE_SECONDS, Work
from tests.rigs.kubernetes_platform import KubernetesRig


def begun(rig: KubernetesRig, work: Work) -> None:
    """Return when the job with that work has claimed its attempt."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not rig.starts(work):
        assert time.monotonic() < deadline, "nobody has claimed the attempt"
        time.sleep(0.02)


def waiting(rig: KubernetesRig, handle: Handle, words: str) -> str:
    """Return why the job is queued, as soon as the words are in it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while words not in (seen := rig.await_state(handle, State.QUEUED)).reason:
        assert time.monotonic() < deadline, f"still {seen}"
        rig.connection.wait([handle], 1)
    return seen.reason
