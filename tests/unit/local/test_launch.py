"""A job's process runs nothing before its submitter's whole word, and takes nothing along that is not its own."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from moorage.errors import PlatformError
from moorage.states import State
from moorage_local import client
from moorage_local.folders import End, JobFolder
from moorage_local.launch import Orders, run_job
from moorage_local.lower import LAUNCH
from moorage_local.shares import Share
from tests.rigs.base import Work
from tests.rigs.local import LocalRig

SLEEPS = Work(("sleep", "600"))


@pytest.mark.parametrize("said", [b"", b'{"timeout_seconds": 5', b'{"timeout_seconds": 5, "secrets": {}}'])
def test_half_a_word_runs_nothing(tmp_path: Path, said: bytes) -> None:
    command = [sys.executable, *LAUNCH, str(tmp_path)]
    ended = subprocess.run(command, input=said, capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_cannot_take_its_share_says_that_it_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*Share(memory_bytes=2**30).as_variables().popitem())
    (tmp_path / "memory").mkdir()  # where it would write how it is held
    with pytest.raises(IsADirectoryError):
        run_job(JobFolder(tmp_path), Orders(60.0, {}))
    assert JobFolder(tmp_path).end() == End(1)


def test_the_drivers_secrets_are_not_in_the_process(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOORAGE_SECRET_LOANS_TOKEN", "hunter2")
    work = Work(("sleep", "600"), secrets={"TOKEN": "loans/token"})
    handle = rig.submit(rig.lower(work), key="one")
    rig.await_state(handle, State.RUNNING)
    environment = Path(f"/proc/{rig.pid_of(handle)}/environ").read_bytes()
    assert rig.folder_of(handle).mark.encode() in environment
    assert b"hunter2" not in environment
    assert all(b"hunter2" not in file.read_bytes() for file in rig.folder_of(handle).path.iterdir())


def test_a_long_secret_arrives_whole(rig: LocalRig) -> None:
    rig.keep_secret("loans/token", "x" * 100_000)
    work = Work(("sh", "-c", "test ${#TOKEN} = 100000"), secrets={"TOKEN": "loans/token"})
    assert rig.run(work).state is State.SUCCEEDED


def test_what_the_driver_left_open_is_closed(rig: LocalRig) -> None:
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    handle = rig.submit(rig.lower(SLEEPS), key="one")
    os.close(write_end)
    assert select.select([read_end], [], [], 30)[0]
    assert os.read(read_end, 1) == b""
    os.close(read_end)
    assert not rig.observe(handle).state.is_terminal


def test_a_driver_without_a_stdin_can_submit(rig: LocalRig) -> None:
    file = rig.say(rig.lower(Work()))
    script = Path(__file__).parents[2] / "rigs" / "submitter.py"
    command = f"exec '{sys.executable}' '{script}' '{file}' one nowhere <&-"
    said = json.loads(subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, check=True).stdout)
    assert rig.submit(rig.lower(Work()), key="one").data == said["data"]
    assert rig.await_end(rig.submit(rig.lower(Work()), key="one")).state is State.SUCCEEDED


def test_a_job_is_forgotten_when_it_has_ended(rig: LocalRig) -> None:
    connection = client.LocalConnection(rig.target)
    handle = connection.submit(rig.lower(SLEEPS), "one")
    with pytest.raises(PlatformError, match="still runs"):
        connection.forget(handle)
    connection.cancel(handle)
    connection.forget(handle)
    other = connection.submit(rig.lower(Work(run="r2")), "two")
    assert rig.await_end(other, by=connection).state is State.SUCCEEDED  # by now all is forked that was asked for
    assert connection.observe([handle])[0].state is State.MISSING
    assert not rig.folder_of(handle).path.exists()


def test_a_submitter_that_is_stuck_is_told_of(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ADOPT_SECONDS", 0.05)
    held = JobFolder(Path(rig.target.folder) / "jobs" / "one").lock()
    assert held is not None
    with pytest.raises(PlatformError, match="another process has been starting mr-r1-hello-1-abc123"):
        rig.submit(rig.lower(Work()), key="one")
    os.close(held)


@pytest.mark.parametrize("said", [None, "active"])
def test_threads_wait_without_spinning_unless_the_user_says_otherwise(
    rig: LocalRig, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if said:
        monkeypatch.setenv("OMP_WAIT_POLICY", said)
    assert rig.run(Work(("sh", "-c", f"test $OMP_WAIT_POLICY = {said or 'PASSIVE'}"))).state is State.SUCCEEDED
