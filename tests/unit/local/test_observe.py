"""What is said of a job when its process, its machine or its host is no longer what it was."""

import json
import os
import signal
from pathlib import Path

import pytest

from moorage.errors import Corrupt, PlatformError
from moorage.frozen import replaced
from moorage.ports import Handle
from moorage.states import Cause, State
from moorage_local import client, machine
from moorage_local.children import Children
from moorage_local.folders import NOBODY, JobFolder
from moorage_local.observe import observe
from tests.rigs.base import Work
from tests.rigs.local import LocalRig

FAMILY = Work(("sh", "-c", "sleep 600 & setsid sleep 600 & echo ready; wait"))
SLEEPS = Work(("sleep", "600"))


def _running(rig: LocalRig, work: Work = SLEEPS) -> Handle:
    handle = rig.submit(rig.lower(work), key="one")
    rig.await_state(handle, State.RUNNING)
    return handle


def _signal(rig: LocalRig, handle: Handle, number: signal.Signals) -> None:
    os.kill(rig.pid_of(handle), number)


def _rewrite_record(rig: LocalRig, handle: Handle, **changes: str) -> None:
    file = rig.folder_of(handle).path / "record"
    file.write_text(json.dumps({**json.loads(file.read_bytes()), **changes}))


@pytest.mark.parametrize("is_parent", [True, False])
def test_nothing_is_left_of_a_job_whose_process_was_killed(alone: LocalRig, is_parent: bool) -> None:
    rig = alone
    handle = _running(rig, FAMILY)
    while len(rig.leftovers(handle)) < len(("launcher", "worker", "sh", "sleep", "daemon")):
        assert rig.observe(handle).state is State.RUNNING
    _signal(rig, handle, signal.SIGKILL)
    seen = rig.await_end(handle, by=rig.connection if is_parent else rig.connect())
    assert (seen.state, seen.cause) == (State.FAILED, Cause.LOST)
    assert ("SIGKILL" in seen.reason) is is_parent
    assert rig.leftovers(handle) == []
    assert rig.observe(handle) == seen
    assert rig.submit(rig.lower(FAMILY), key="one") == handle


def test_a_job_that_a_template_becomes_between_two_looks_is_not_taken_for_dead(
    rig: LocalRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = _running(rig)
    folder = rig.folder_of(handle)
    now = folder.record()
    assert now is not None
    looks = iter([replaced(now, pid=NOBODY, started="")])
    with monkeypatch.context() as patch:
        patch.setattr(JobFolder, "record", lambda self: next(looks, now))
        assert observe(handle, folder, Children()).state is not State.FAILED
    assert next(looks, None) is None
    assert rig.observe(handle).state is State.RUNNING


def test_a_process_that_the_kernel_killed_for_memory_is_told(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = _running(rig)
    monkeypatch.setattr(machine, "out_of_memory_kills", lambda: 10**6)
    _signal(rig, handle, signal.SIGKILL)
    assert rig.await_end(handle).cause is Cause.OUT_OF_MEMORY


def test_a_stopped_job_runs_and_says_what_is_the_matter(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CANCEL_SECONDS", 0.1)
    handle = _running(rig, FAMILY)
    _signal(rig, handle, signal.SIGSTOP)
    while (seen := rig.observe(handle)).raw != "T":
        assert seen.state is State.RUNNING
    assert (seen.state, "kill -CONT" in seen.reason) == (State.RUNNING, True)
    rig.connection.cancel(handle)
    assert rig.observe(handle).state is State.CANCELLED
    assert rig.leftovers(handle) == []


def test_a_job_of_before_a_restart_of_the_machine_was_interrupted(rig: LocalRig) -> None:
    handle = _running(rig)
    folder = rig.folder_of(handle)
    before = (folder.path / "record").read_bytes()
    _rewrite_record(rig, handle, boot="another")
    seen = rig.observe(handle)
    assert (seen.state, seen.cause) == (State.FAILED, Cause.INTERRUPTED)
    rig.connection.cancel(handle)
    (folder.path / "record").write_bytes(before)


def test_a_job_of_another_host_is_not_judged_from_here(rig: LocalRig) -> None:
    handle = _running(rig)
    before = (rig.folder_of(handle).path / "record").read_bytes()
    _rewrite_record(rig, handle, boot="another", host="elsewhere")
    assert rig.observe(handle).state is State.UNKNOWN
    rig.connection.wait([handle], 0.01)
    with pytest.raises(PlatformError, match="elsewhere"):
        rig.connection.cancel(handle)
    (rig.folder_of(handle).path / "record").write_bytes(before)


def test_a_job_of_another_container_is_known_by_its_lock(rig: LocalRig) -> None:
    handle = _running(rig)
    before = (rig.folder_of(handle).path / "record").read_bytes()
    _rewrite_record(rig, handle, namespace="pid:[1]")
    assert rig.observe(handle).state is State.RUNNING
    with pytest.raises(PlatformError, match="out of reach"):
        rig.connection.cancel(handle)
    _signal(rig, handle, signal.SIGKILL)
    assert rig.await_end(handle).state is State.FAILED
    (rig.folder_of(handle).path / "record").write_bytes(before)


def test_an_interpreter_that_cannot_start_says_so(rig: LocalRig, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho no module named moorage >&2\nexit 3\n")
    program.chmod(0o755)
    request = rig.lower(Work())
    broken = request.model_copy(update={"argv": (str(program), *request.argv[1:])})
    handle = rig.submit(broken, key="one")
    rig.connection.wait([handle], 600)
    seen = rig.observe(handle)
    assert (seen.state, seen.cause, seen.raw) == (State.FAILED, Cause.SETUP, "exit 3")
    assert "no module named moorage" in seen.reason
    assert rig.submit(broken, key="one") == handle


def test_a_job_whose_record_was_lost_is_missing(rig: LocalRig) -> None:
    handle = rig.submit(rig.lower(Work()), key="one")
    rig.await_end(handle)
    (rig.folder_of(handle).path / "record").write_text("{")
    assert rig.observe(handle).state is State.MISSING
    with pytest.raises(Corrupt, match="cannot be read"):
        rig.submit(rig.lower(Work()), key="one")
