"""Who holds a stack, and when a lock may be taken away."""

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from moorage.errors import TargetError
from moorage.stacks.locks import Lock, empty_sidecars, folder_of, is_alive, kept_locks, refuse_living, said_locks
from tests.unit.stacks.said import LOCKED

SINCE = datetime(2026, 11, 25, 21, 16, 38, tzinfo=UTC)


def ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def lock(pid: int, host: str = "here", since: datetime | None = None) -> Lock:
    return Lock("ann", host, pid, since or datetime.now(UTC))


def test_the_owner_is_read_from_what_pulumi_says():
    assert said_locks(LOCKED) == (Lock("root", "vm", 10188, SINCE),)
    assert said_locks("error: something else") == ()


def test_the_owner_is_read_from_the_folder_of_a_back_end(tmp_path: Path):
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "small" / "test"
    folder.mkdir(parents=True)
    said = {"pid": 10188, "username": "root", "hostname": "vm", "timestamp": "2026-11-25T21:16:38.605975889Z"}
    (folder / "8c6b.json").write_text(json.dumps(said))
    (found,) = kept_locks(tmp_path / ".pulumi", "small", "test")
    assert (found.user, found.host, found.pid) == ("root", "vm", 10188)
    assert found.since - SINCE < timedelta(seconds=1)
    assert str(found) == "root@vm, process 10188, since 2026-11-25 21:16:38 UTC"
    assert kept_locks(tmp_path / ".pulumi", "small", "other") == ()


def test_a_lock_that_is_not_pulumis_is_named(tmp_path: Path):
    folder = tmp_path / ".pulumi" / "locks" / "organization" / "small" / "test"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text("{}")
    with pytest.raises(TargetError, match="is not one of Pulumi's"):
        kept_locks(tmp_path / ".pulumi", "small", "test")


@pytest.mark.parametrize(
    ("backend", "folder"),
    [
        ("file:///state", "/state/.pulumi"),
        ("file:///a%20b?no_tmp_dir=true", "/a b/.pulumi"),
        ("file://./state", "/project/state/.pulumi"),
        ("file://~", f"{Path.home()}/.pulumi"),
        ("s3://bucket", None),
        ("https://app.example", None),
    ],
)
def test_a_back_end_that_is_a_folder_is_found(backend: str, folder: str | None):
    assert folder_of(backend, Path("/project")) == (Path(folder) if folder else None)


def test_an_empty_file_beside_the_state_is_found(tmp_path: Path):
    folder = tmp_path / ".pulumi" / "stacks" / "small"
    folder.mkdir(parents=True)
    for name, text in (
        ("test.json", "{}"),
        ("test.json.attrs", ""),
        ("test.json.bak.attrs", "{}"),
        ("t.json.attrs", ""),
    ):
        (folder / name).write_text(text)
    assert empty_sidecars(tmp_path / ".pulumi", "small", "test") == (folder / "test.json.attrs",)


def test_a_process_that_has_ended_holds_nothing():
    refuse_living([lock(ended())], "dev", host="here")


def test_a_process_that_ended_and_was_not_collected_holds_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(lock(process.pid, socket.gethostname()))
    process.communicate()


def test_a_process_that_began_after_the_lock_is_another_one():
    assert is_alive(lock(os.getpid()))
    assert not is_alive(lock(os.getpid(), since=datetime.now(UTC) - timedelta(days=3650)))


@pytest.mark.parametrize(("host", "why"), [("here", "still runs"), ("elsewhere", "this is here, which cannot see")])
def test_who_may_still_hold_the_stack_is_named(host: str, why: str):
    with pytest.raises(TargetError) as refused:
        refuse_living([lock(ended()), lock(os.getpid(), host)], "dev", host="here")
    (problem,) = refused.value.problems
    assert f"'dev' is locked by ann@{host}, process {os.getpid()}" in problem.message
    assert why in problem.message
    assert "pulumi cancel -s dev" in str(problem.fix)
