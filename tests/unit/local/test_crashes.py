"""A submitter may die at any line."""

import os

import pytest

from moorage.states import State
from tests.rigs.base import Work
from tests.rigs.local import LocalRig

LINES = 240
"""A little more than a submit runs through."""

STEP = 1 if os.environ.get("MOORAGE_SOAK") == "1" else 20


@pytest.mark.parametrize("lines", range(0, LINES, STEP))
def test_a_submitter_killed_after_so_many_lines_leaves_one_job_or_none(rig: LocalRig, lines: int) -> None:
    request = rig.lower(Work())
    rig.crash(request, "one", str(lines))
    handle = rig.submit(request, "one")
    assert rig.await_end(handle).state is State.SUCCEEDED
    assert rig.starts(Work()) == 1
