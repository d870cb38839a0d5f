"""One process is told from all others, and what belongs to it is found."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from moorage_local import processes
from moorage_local.processes import Identity


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process
        process.kill()


def _identity(pid: int) -> Identity:
    found = processes.read(pid)
    assert found
    return found.identity


def test_a_number_that_is_used_again_is_another_process() -> None:
    me = _identity(os.getpid())
    assert processes.find(me)
    assert processes.find(Identity(me.pid, "1")) is None


def test_a_process_that_nobody_has_waited_for_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    identity = _identity(sleeper.pid)
    sleeper.kill()
    processes.wait_any([identity], 10)
    assert processes.read(sleeper.pid)
    assert processes.find(identity) is None


def test_a_session_of_a_number_that_is_used_again_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    before = Identity(sleeper.pid, "1")
    assert processes.members(before, "MOORAGE_LOCAL_JOB=/nowhere") == []
    assert processes.members(_identity(sleeper.pid), "MOORAGE_LOCAL_JOB=/nowhere") == [sleeper.pid]


def test_a_daemon_is_found_by_its_mark(tmp_path: Path) -> None:
    mark = f"MOORAGE_LOCAL_JOB={tmp_path}"
    environment = {**os.environ, "MOORAGE_LOCAL_JOB": str(tmp_path)}
    script = "import subprocess; print(subprocess.Popen(['sleep', '600'], start_new_session=True, stdout=-3).pid)"
    parent = subprocess.run([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, check=True)
    daemon = int(parent.stdout)
    leader = Identity(2**22 + 1, "1")
    assert processes.members(leader, mark) == [daemon]
    processes.kill_members(leader, mark)
    assert processes.members(leader, mark) == []


def test_a_daemon_that_becomes_another_program_just_now_is_found(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = _identity(sleeper.pid)
    shown = processes._shown
    looks = [0]

    def show(pid: int, name: str) -> bytes:
        looks[0] += pid == sleeper.pid
        return b"" if pid == sleeper.pid and looks[0] < 6 else shown(pid, name)  # as between two programs

    monkeypatch.setattr(processes, "_shown", show)
    first = shown(sleeper.pid, "environ").split(b"\0")[0].decode()
    assert sleeper.pid in processes.members(Identity(identity.pid, "1"), first)
    assert looks[0] >= 6


@pytest.mark.parametrize("has_pidfd", [True, False])
def test_a_wait_ends_with_the_process_or_the_time(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, has_pidfd: bool
) -> None:
    if not has_pidfd:
        monkeypatch.setattr(os, "pidfd_open", _no_pidfd)
    identity = _identity(sleeper.pid)
    processes.wait_any([identity], 0.01)
    assert processes.find(identity)
    began = time.monotonic()
    sleeper.terminate()
    processes.wait_any([identity], 60)
    assert processes.find(identity) is None
    assert time.monotonic() - began < 30


def _no_pidfd(pid: int) -> int:
    raise OSError(38, "Function not implemented")
