"""A worker that comes from a stem is its keeper's own: it dies with it, and what it leaves behind is found."""

import os
import signal
from pathlib import Path

import pytest

from moorage.states import Cause, State
from moorage_local import processes
from tests.rigs.local import LocalRig
from tests.unit.local.shop import Shop

STEPS = """
import json, os, time

def around(out):
    out.write_text(json.dumps({"worker": os.getpid(), "keeper": os.getppid()}))

def wait(out):
    print(os.getpid(), flush=True)
    time.sleep(600)

def leave(out):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.wait()
    out.write_text("1")
"""


@pytest.fixture
def shop(rig: LocalRig) -> Shop:
    made = Shop(rig, STEPS)
    made.said("around", "fork")  # from here on, workers come from a stem
    return made


def test_a_worker_is_the_child_of_its_keeper(rig: LocalRig, shop: Shop) -> None:
    handle = shop.submit("around", "fork")
    keeper = rig.pid_of(handle)
    assert shop.result(handle).state is State.SUCCEEDED
    seen = shop.said("around", "fork")
    assert seen["keeper"] == keeper
    assert seen["worker"] not in _children(keeper)


def test_a_worker_dies_with_its_keeper(rig: LocalRig, shop: Shop) -> None:
    handle = shop.submit("wait", "fork")
    rig.await_state(handle, State.RUNNING)
    keeper = rig.pid_of(handle)
    while not (found := [child for child in _children(keeper) if _is_a_worker(child, keeper)]):
        assert rig.observe(handle).state is State.RUNNING
    worker = processes.read(found[0])
    assert worker
    os.kill(keeper, signal.SIGKILL)
    processes.wait_any([worker.identity], 10)
    assert processes.find(worker.identity) is None
    assert rig.await_end(handle).cause is Cause.LOST
    assert rig.leftovers(handle) == []


def test_a_keeper_whose_stem_was_killed_forks_by_itself(rig: LocalRig, shop: Shop) -> None:
    keeper = shop.said("around", "fork")["keeper"]
    for stem in _children(keeper):
        os.kill(stem, signal.SIGKILL)
    seen = [shop.said("around", "fork") for _ in range(2)]
    assert [each["keeper"] for each in seen] == [keeper, keeper]


def test_only_what_a_step_left_is_killed_and_counted(shop: Shop) -> None:
    results = [shop.result(shop.submit("leave", "fork")) for _ in range(2)]
    assert [result.warnings for result in results] == [("the step left 1 process running; they were killed",)] * 2
    assert {result.start for result in results} == {"fork"}


def _children(pid: int) -> list[int]:
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += [int(entry)] * (int(fields[1]) == pid and fields[0] != "Z")
    return found


def _is_a_worker(pid: int, keeper: int) -> bool:
    try:
        return os.getpgid(pid) == pid != keeper
    except ProcessLookupError:
        return False
