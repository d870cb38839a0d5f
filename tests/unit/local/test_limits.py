"""A job that says how much memory it needs is held to it, and its end by that is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moorage.spec.models import Resources
from moorage.states import Cause, State
from moorage_local import limits
from moorage_local.limits import EACH_PROCESS, GROUP_2
from moorage_local.machine import Groups
from tests.rigs.base import Work
from tests.rigs.local import LocalRig

EATS = "held = []\nwhile True: held.append(b'x' * 2**20)"
KILLS_THE_SUPERVISOR = f"""
import os, subprocess, sys
subprocess.run([sys.executable, "-c", {EATS!r}])
stat = open(f"/proc/{{os.getppid()}}/stat").read()
os.kill(int(stat.rpartition(")")[2].split()[1]), 9)
"""
MEMORY = Resources(memory_gib=0.125)
CHILD = Work((sys.executable, "-c", EATS), resources=MEMORY)


def held_by(rig: LocalRig, work: Work) -> limits.Limit:
    handle = rig.submit(rig.lower(work), key=work.run)
    rig.await_end(handle)
    limit = limits.kept(rig.folder_of(handle).path)
    assert limit is not None
    return limit


@pytest.fixture(scope="module")
def kind(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What holds a job on the machine that the tests run on."""
    rig = LocalRig(tmp_path_factory.mktemp("kind"))
    return held_by(rig, Work(resources=MEMORY)).kind


@pytest.fixture
def group_of_its_own(kind: str) -> None:
    if kind == EACH_PROCESS:
        pytest.skip("this user may not make control groups here")


def test_a_command_that_eats_too_much_is_killed_and_both_figures_are_said(rig: LocalRig, group_of_its_own: None):
    assert rig.run(CHILD).state is State.FAILED
    result = rig.result(CHILD)
    assert result.cause is Cause.OUT_OF_MEMORY
    assert result.message == (
        "the kernel killed the step, because it used too much memory; it used up to 128 MiB, and may use 128 MiB"
    )


def test_a_job_whose_own_process_is_killed_is_observed_so(rig: LocalRig, group_of_its_own: None):
    work = Work((sys.executable, "-c", KILLS_THE_SUPERVISOR), resources=MEMORY)
    seen = rig.run(work)
    assert (seen.state, seen.cause) == (State.FAILED, Cause.OUT_OF_MEMORY)
    assert seen.reason == "the kernel killed it for want of memory; it used up to 128 MiB, and may use 128 MiB"


def test_the_kernel_takes_the_step_before_its_supervisor(rig: LocalRig):
    reads = "cat /proc/self/oom_score_adj; cat /proc/$(cut -d' ' -f4 /proc/$PPID/stat)/oom_score_adj"
    work = Work(("sh", "-c", f"set -- $({reads}); test $1 = 1000 && test $2 = 500"))
    assert rig.run(work).state is State.SUCCEEDED


def test_the_group_of_a_job_is_gone_when_it_has_ended(rig: LocalRig, group_of_its_own: None):
    limit = held_by(rig, Work(resources=MEMORY))
    assert limit.group is not None
    assert not Path(limit.group).exists()


def test_what_a_dead_driver_left_is_removed_when_the_job_is_forgotten(rig: LocalRig, group_of_its_own: None):
    handle = rig.submit(rig.lower(Work(resources=MEMORY)), key="one")
    folder = rig.folder_of(handle).path
    while rig.folder_of(handle).end() is None:
        rig.connection.wait([handle], 1)
    limit = limits.kept(folder)
    assert limit is not None
    assert limit.group is not None
    while rig.folder_of(handle).is_locked:
        pass
    rig.connect().forget(handle)
    assert not Path(limit.group).exists()


def test_a_job_that_says_nothing_of_memory_is_held_to_nothing(rig: LocalRig):
    handle = rig.submit(rig.lower(Work()), key="one")
    rig.await_end(handle)
    assert limits.kept(rig.folder_of(handle).path) is None


def test_with_no_groups_each_process_is_limited(tmp_path: Path):
    program = f"""
from pathlib import Path
from moorage_local import limits, machine
print(limits.hold(Path({str(tmp_path)!r}), 2**27, machine.Groups(Path({str(tmp_path)!r}), "0::/")).kind)
try:
    b"x" * 2**30
except MemoryError:
    print("refused")
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.split() == [EACH_PROCESS, "refused"]


def version_2(root: Path, own: str, above: str) -> Path:
    """Folders as the kernel fills them; the group that is to be made has its files already."""
    folder = root / "slice" / "own"
    for parent, hands_out in ((folder, own), (folder.parent, above)):
        group = parent / limits._name(root / "job")
        group.mkdir(parents=True)
        for name in ("memory.max", "memory.swap.max", "cgroup.procs"):
            (group / name).touch()
        (parent / "cgroup.controllers").write_text("cpu memory pids\n")
        (parent / "cgroup.subtree_control").touch(0o600 if hands_out else 0o400)
        (parent / "cgroup.subtree_control").write_text(hands_out or "cpu")
    (root / "job").mkdir()
    return folder


def test_a_group_of_version_2_is_made_where_its_parent_hands_out_memory(tmp_path: Path):
    own = version_2(tmp_path, own="memory pids", above="cpu memory")
    limit = limits.hold(tmp_path / "job", 2**30, Groups(tmp_path, "0::/slice/own\n"))
    assert (limit.kind, Path(limit.group or "").parent) == (GROUP_2, own)
    assert (Path(limit.group or "") / "memory.max").read_text() == str(2**30)
    assert (Path(limit.group or "") / "cgroup.procs").read_text() == str(os.getpid())


def test_a_group_is_made_beside_our_own_only_when_that_has_no_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "_limit_each", lambda size: None)
    own = version_2(tmp_path, own="", above="memory")
    found = Groups(tmp_path, "0::/slice/own\n")
    assert limits.hold(tmp_path / "job", 2**30, found).group == str(own.parent / limits._name(tmp_path / "job"))
    (own / "cpu.max").write_text("100000 100000\n")
    assert limits.hold(tmp_path / "job", 2**30, found).kind == EACH_PROCESS
