"""A step on several nodes: the first speaks for all, and one that fails ends the others."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from moorage.states import Cause, State
from moorage.step import paths
from moorage.step.request import StepResult, result_from_json, to_json
from tests.unit.step.hanging import is_alive
from tests.unit.step.jobs import Job, Workplace, until

SUMS = """
import os, socket

def step():
    return {"total": all_reduced(int(os.environ["NODE_RANK"]) + 1)}

def all_reduced(mine):
    rank, count = int(os.environ["NODE_RANK"]), int(os.environ["NNODES"])
    meeting = (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
    if rank:
        with connected(meeting) as first:
            first.sendall(mine.to_bytes(8, "big"))
            return int.from_bytes(first.recv(8, socket.MSG_WAITALL), "big")
    with socket.create_server(meeting) as server:
        others = [server.accept()[0] for _ in range(count - 1)]
        total = mine + sum(int.from_bytes(each.recv(8, socket.MSG_WAITALL), "big") for each in others)
        for each in others:
            each.sendall(total.to_bytes(8, "big"))
            each.close()
    return total

def connected(meeting):
    while True:
        try:
            return socket.create_connection(meeting)
        except ConnectionRefusedError:
            pass
"""
BY_RANK = """
import os, time
def step():
    rank = int(os.environ["NODE_RANK"])
    print("node", rank, os.getpid(), flush=True)
    {what}
"""


class Crew:
    """The nodes of one job, each started as a platform starts them: a process with four variables."""

    def __init__(self, job: Job, count: int, port: int) -> None:
        self.job, self.count = job, count
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "NNODES": str(count)}
        uri = f"{job.store.uri}/{paths.request_key(job.folder)}"
        self.environs = [
            {**os.environ, **meeting, "NODE_RANK": str(rank), "MOORAGE_STEP": uri, "MOORAGE_BEAT_SECONDS": "0.2"}
            for rank in range(count)
        ]
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, *ranks: int) -> None:
        for rank in ranks:
            command = [sys.executable, "-m", "moorage.step"]
            self.processes[rank] = subprocess.Popen(command, env=self.environs[rank], start_new_session=True)

    def run(self, order: Sequence[int] | None = None) -> StepResult:
        self.start(*(order or range(self.count)))
        return self.ended()

    def ended(self) -> StepResult:
        self.processes[0].wait(60)
        result = self.job.result()
        assert result is not None
        return result

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@pytest.fixture
def crews(place: Workplace, unused_port: int) -> "Iterator[Crews]":
    made = Crews(place, unused_port)
    yield made
    for crew in made.made:
        crew.close()


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


class Crews:
    """Makes the nodes of jobs, and ends them."""

    def __init__(self, place: Workplace, port: int) -> None:
        self.place, self.port = place, port
        self.made: list[Crew] = []

    def __call__(self, source: str, count: int, **fields: Any) -> Crew:
        self.made.append(Crew(self.place.job(source, nodes=count, **fields), count, self.port))
        return self.made[-1]

    def by_rank(self, what: str, count: int = 2, **fields: Any) -> Crew:
        return self(BY_RANK.format(what=what), count, **fields)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["in order", "the first one last"])
def test_nodes_meet_and_only_the_first_leaves_outputs(crews: Crews, order: Sequence[int]):
    crew = crews(SUMS, 3, outputs={"m": "metrics"})
    result = crew.run(order)
    assert (result.state, result.message) == (State.SUCCEEDED, None)
    assert result.outputs["m"].metrics == {"total": 6}
    ends = [result_from_json(crew.job.store.get(paths.node_key(crew.job.folder, rank))) for rank in (1, 2)]
    assert [end.state for end in ends] == [State.SUCCEEDED] * 2
    assert not any(end.outputs for end in ends)


def test_the_lines_of_the_nodes_are_told_apart(crews: Crews):
    crew = crews.by_rank("")
    crew.run()
    assert sorted(line.split()[:3] for line in crew.job.log().splitlines()) == [
        ["[0]", "node", "0"],
        ["[1]", "node", "1"],
    ]


def test_the_first_node_that_fails_is_named_and_the_others_are_stopped(crews: Crews):
    crew = crews.by_rank("1 / rank if rank == 2 else time.sleep(600)\n    [][rank] if rank == 2 else None", count=3)
    result = crew.run()
    assert (result.state, result.cause) == (State.FAILED, Cause.USER)
    assert (result.message or "").startswith("node 2: IndexError")
    assert "steps.py" in (result.detail or "")
    assert crew.processes[1].wait(60) != 0
    workers = [int(line.split()[-1]) for line in crew.job.log().splitlines() if line.split()[1] == "node"]
    assert workers
    assert not any(map(is_alive, workers))


def test_a_first_node_that_dies_of_another_is_not_blamed(crews: Crews):
    fails = "    if rank:\n        connected(meeting).close()\n        raise KeyError('mine')\n"
    result = crews(SUMS.replace("    if rank:\n", fails), 2, outputs={"m": "metrics"}).run()
    assert (result.message or "").startswith("node 1: KeyError")


def test_a_first_node_that_fails_by_itself_is_named(crews: Crews):
    crew = crews.by_rank("time.sleep(600) if rank else [][1]")
    assert (crew.run().message or "").startswith("node 0: IndexError")
    assert crew.processes[1].wait(60) != 0


def test_a_node_that_is_cancelled_alone_was_interrupted(crews: Crews):
    crew = crews.by_rank("time.sleep(600)")
    crew.start(0, 1)
    until(lambda: crew.job.log().count("node") == 2)
    crew.processes[1].terminate()
    result = crew.ended()
    assert (result.cause, result.message) == (Cause.INTERRUPTED, "node 1: it was stopped from outside")


def test_cancelling_the_first_node_cancels_the_step(crews: Crews):
    crew = crews.by_rank("time.sleep(600)")
    crew.start(0, 1)
    until(lambda: crew.job.log().count("node") == 2)
    crew.processes[0].terminate()
    assert crew.ended().cause is Cause.CANCELLED
    assert crew.processes[1].wait(60) == 3


def test_a_node_whose_beats_stop_is_lost(crews: Crews, monkeypatch: pytest.MonkeyPatch):
    crew = crews.by_rank("time.sleep(600)", timeout_seconds=300.0)
    crew.environs[0]["PYTHONPATH"] = str(impatient(crews.place))
    crew.start(0, 1)
    until(lambda: crew.job.log().count("node") == 2)
    crew.processes[1].send_signal(signal.SIGSTOP)
    result = crew.ended()
    assert result.cause is Cause.LOST
    assert (result.message or "").startswith("node 1: it gave no sign of life for 2 s")


def test_a_node_that_never_comes_is_named_at_the_deadline(crews: Crews):
    crew = crews.by_rank("pass", timeout_seconds=2.0)
    crew.start(0)
    result = crew.ended()
    assert result.cause is Cause.TIMED_OUT
    assert result.message == "the deadline of the step came before the end of node 1 (never started)"


def test_a_platform_that_does_not_say_which_node_it_is_is_told_so(place: Workplace):
    job = place.job("def step(): pass", nodes=2)
    job.start()
    assert job.end() == 2
    assert b"has 2 nodes, and the platform started this one with no NODE_RANK, no NNODES" in job.said


def test_what_an_earlier_claim_left_is_not_taken_for_ours(crews: Crews):
    crew = crews.by_rank("pass")
    stale = StepResult(State.FAILED, Cause.USER, "of long ago", nonce="another")
    crew.job.store.put(paths.node_key(crew.job.folder, 1), to_json(stale))
    assert crew.run().state is State.SUCCEEDED


def impatient(place: Workplace) -> object:
    """A folder that, on the path of an interpreter, makes it take a node for dead after two seconds."""
    folder = place.folder / "impatient"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import moorage.step.claims\nmoorage.step.claims.STALE_SECONDS = 2.0\n")
    return folder
