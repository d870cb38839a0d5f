"""A submitter may die at any line."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from moorage.states import State
from tests.rigs.base import Work
from tests.rigs.local import LocalForkRig, LocalRig, LocalSpawnRig

LINES = {LocalSpawnRig: 300, LocalForkRig: 400}
"""A little more than a submit runs through, for each way to start a job."""

STEP = 1 if os.environ.get("MOORAGE_SOAK") == "1" else 20


@pytest.mark.parametrize(("kind", "lines"), [(kind, line) for kind in LINES for line in range(0, LINES[kind], STEP)])
def test_a_submitter_killed_after_so_many_lines_leaves_one_job_or_none(
    kind: type[LocalRig], lines: int, tmp_path: Path
) -> None:
    with closing(kind(tmp_path)) as rig:
        _submit_twice(rig, lines)


def _submit_twice(rig: LocalRig, lines: int) -> None:
    request = rig.lower(Work())
    rig.crash(request, "one", str(lines))
    handle = rig.submit(request, "one")
    assert rig.await_end(handle).state is State.SUCCEEDED
    assert rig.starts(Work()) == 1
