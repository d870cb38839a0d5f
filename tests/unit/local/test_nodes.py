"""The nodes of a step on this machine: one job of several processes, which begins and ends as one."""

import os
import signal
import sys
from pathlib import Path

import pytest

from moorage.ports import Handle
from moorage.spec.models import Resources
from moorage.states import Cause, State
from moorage.step.claims import newest
from moorage.step.paths import attempt_folder
from moorage_local import processes
from tests.rigs.base import Work
from tests.rigs.local import LocalRig

TWO = Resources(cpu=0.5, nodes=2)
MEET = """
import os, socket
rank, meeting = int(os.environ["NODE_RANK"]), (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if rank == 0:
    with socket.create_server(meeting) as server:
        assert server.accept()[0].recv(5, socket.MSG_WAITALL) == b"hello"
while rank:
    try:
        with socket.create_connection(meeting) as first:
            first.sendall(b"hello")
        break
    except ConnectionRefusedError:
        pass
print("of", os.environ["NNODES"])
"""
WAIT = Work(("sh", "-c", "echo ready $NODE_RANK; sleep 600 & setsid sleep 600 & wait"), resources=TWO)


def running(rig: LocalRig, work: Work) -> Handle:
    handle = rig.submit(rig.lower(work), key="one")
    for rank in range(work.resources.nodes):
        rig.await_log(work, f"[{rank}] ready {rank}")
    return handle


def supervisors(rig: LocalRig, handle: Handle) -> list[int]:
    """The supervisors of the nodes, the first one's first."""
    record = rig.folder_of(handle).record()
    assert record is not None
    children = Path(f"/proc/{record.pid}/task/{record.pid}/children").read_text()
    _, claim = newest(rig.store, attempt_folder("r1", "hello", 1))
    return sorted(map(int, children.split()), key=lambda pid: pid != claim.pid)


def test_the_nodes_of_a_step_meet(rig: LocalRig):
    work = Work((sys.executable, "-c", MEET), resources=TWO)
    assert rig.run(work).state is State.SUCCEEDED
    rig.await_log(work, "[1] of 2")


def test_cancelling_ends_all_nodes(rig: LocalRig):
    handle = running(rig, WAIT)
    rig.connection.cancel(handle)
    assert rig.observe(handle).state is State.CANCELLED
    assert rig.result(WAIT).cause is Cause.CANCELLED
    assert list(rig.leftovers(handle)) == []


def test_the_deadline_of_the_job_ends_all_nodes(rig: LocalRig):
    work = Work(WAIT.command, resources=TWO, timeout_seconds=1.0)
    handle = rig.submit(rig.lower(work), key="one")
    assert rig.await_end(handle).cause is Cause.TIMED_OUT
    assert list(rig.leftovers(handle)) == []


def test_a_killed_node_fails_the_step_at_once(rig: LocalRig):
    handle = running(rig, WAIT)
    os.kill(supervisors(rig, handle)[1], signal.SIGKILL)
    assert rig.await_end(handle).state is State.FAILED
    result = rig.result(WAIT)
    assert (result.cause, result.message) == (Cause.LOST, "node 1: its process was killed by SIGKILL")
    assert list(rig.leftovers(handle)) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_first_node_ends_the_job_as_it_ended_itself(alone: LocalRig, number: signal.Signals):
    handle = running(alone, WAIT)
    os.kill(supervisors(alone, handle)[0], number)
    seen = alone.await_end(handle)
    assert (seen.state, seen.cause, seen.reason) == (
        State.FAILED, Cause.LOST, f"its process was killed by {number.name}",
    )  # fmt: skip
    assert list(alone.leftovers(handle)) == []


def test_a_killed_job_takes_all_nodes_along(rig: LocalRig):
    handle = running(rig, WAIT)
    record = rig.folder_of(handle).record()
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    processes.wait_any([record.identity], 30)
    assert rig.await_end(handle).cause is Cause.LOST
    assert list(rig.leftovers(handle)) == []
