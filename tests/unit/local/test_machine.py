"""What steps may use of this machine."""

from pathlib import Path

import pytest

from moorage_local.machine import Groups, here, usable_cpu, usable_memory_gib

VERSION_2 = "0::/jobs/mine\n"
VERSION_1 = "4:memory:/jobs/mine\n3:cpu,cpuacct:/jobs/mine\n0::/\n"


def _write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_the_limits_of_a_group_and_of_those_above_it_hold(tmp_path: Path) -> None:
    files = {
        "jobs/mine/cpu.max": "max 100000\n",
        "jobs/cpu.max": "150000 100000\n",
        "jobs/mine/memory.max": "1073741824\n",
        "jobs/memory.max": "max\n",
        "jobs/mine/memory.events": "low 0\nhigh 0\nmax 5\noom 2\noom_kill 2\n",
    }
    groups = Groups(_write(tmp_path, files), VERSION_2)
    assert groups.cpu_limits() == [1.5]
    assert groups.memory_limits() == [2**30]
    assert groups.out_of_memory_kills() == 2


def test_groups_of_the_first_version_hold_too(tmp_path: Path) -> None:
    files = {
        "cpu/jobs/mine/cpu.cfs_quota_us": "50000\n",
        "cpu/jobs/mine/cpu.cfs_period_us": "100000\n",
        "cpu/cpu.cfs_quota_us": "-1\n",
        "cpu/cpu.cfs_period_us": "100000\n",
        "memory/jobs/mine/memory.limit_in_bytes": "536870912\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/jobs/mine/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
    }
    groups = Groups(_write(tmp_path, files), VERSION_1)
    assert groups.cpu_limits() == [0.5]
    assert groups.memory_limits() == [2**29]
    assert groups.out_of_memory_kills() == 1


def test_a_container_that_sees_only_its_own_group_is_held_to_it(tmp_path: Path) -> None:
    groups = Groups(_write(tmp_path, {"cpu.max": "200000 100000\n"}), "0::/on/the/host\n")
    assert groups.cpu_limits() == [2.0]


@pytest.mark.parametrize("membership", ["", VERSION_1, VERSION_2])
def test_a_machine_with_no_groups_has_no_limits(tmp_path: Path, membership: str) -> None:
    groups = Groups(tmp_path, membership)
    assert (groups.cpu_limits(), groups.memory_limits(), groups.out_of_memory_kills()) == ([], [], 0)


def test_this_machine_has_something_to_give() -> None:
    assert usable_cpu() > 0
    assert usable_memory_gib() > 0.1
    assert here().boot
