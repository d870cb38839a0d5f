"""What a step may do to itself, in one run from its spec to its record: each death has a cause and a sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from moorage.journal import RunRecord, StepRecord, read_record
from moorage.runs.api import open_place, run, start
from moorage.runs.gc import collect_garbage
from moorage.states import Cause, RunState, StepState
from moorage.step.paths import logs_prefix
from tests.conftest import SOAK
from tests.faults.processes import until

PRINTED_MIB = 1024 if SOAK else 64

STEPS_PY = """
import os, resource, signal, subprocess, sys, time

def children(mark: str):
    detached = subprocess.Popen(["sleep", "600"], start_new_session=True)
    with open(mark, "w") as file:
        print(os.getpid(), detached.pid, file=file)
    return {"n": 1}

def memory():
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    kept = [bytearray(2**26) for _ in range(64)]

def hangs():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)

def prints(mib: int):
    line = b"x" * 1023 + b"\\n"
    for _ in range(mib):
        os.write(1, line * 1024)
    return {"n": 1}

def closes():
    print("before", flush=True)
    os.close(1)
    os.close(2)
    return {"n": 1}

def too_large(big):
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open(big, "wb") as file:
        for _ in range(64):
            file.write(bytes(2**16))

def fills(big):
    with open(big, "wb") as file:
        while True:
            file.write(bytes(2**16))

def fine():
    return {"n": 1}
"""


def function(name: str, **fields: object) -> str:
    rest = "".join(f", {key}: {value}" for key, value in fields.items())
    return f"{{name: {name.replace('_', '-')}, run: 'deaths.steps:{name}'{rest}}}"


METRICS = "{m: {kind: metrics}}"
BIG = "{big: {kind: file}}"


def write_project(folder: Path, *steps: str) -> Path:
    package = folder / "deaths"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "steps.py").write_text(STEPS_PY)
    (folder / ".moorage").mkdir()
    spec = folder / "pipeline.yaml"
    spec.write_text("name: deaths\ncode: [.]\nsteps:\n" + "".join(f"  - {step}\n" for step in steps))
    return spec


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> "Ended":
    """One run in which every step meets a fault, next to one that is fine."""
    folder = tmp_path_factory.mktemp("deaths")
    mark = folder / "mark"
    spec = write_project(
        folder,
        "{name: killed, command: [sh, -c, 'kill -9 $$']}",
        "{name: supervisor, command: [sh, -c, 'kill -9 $(ps -o ppid= -p $PPID)'], retries: 1}",
        function("memory"),
        function("hangs", timeout="1s"),
        function("children", parameters=f"{{mark: '{mark}'}}", outputs=METRICS),
        function("prints", parameters=f"{{mib: {PRINTED_MIB}}}", outputs=METRICS),
        function("closes", outputs=METRICS),
        function("too_large", outputs=BIG),
        function("fine", outputs=METRICS),
        "{name: never, command: ['true'], after: [killed]}",
    )
    return Ended(folder, run(spec, project=folder).record)


class Ended:
    """The run when all is over."""

    def __init__(self, folder: Path, record: RunRecord) -> None:
        self.folder, self.record = folder, record
        self.store = open_place("local", folder).store

    def step(self, name: str) -> StepRecord:
        return self.record.steps[name]

    def log_bytes(self, name: str) -> int:
        return sum(entry.size for entry in self.store.list(logs_prefix(f"runs/{self.record.id}/steps/{name}/1")))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("name", "cause", "words"),
    [
        ("killed", Cause.USER, "'sh' was killed by signal 9 (SIGKILL)"),
        ("supervisor", Cause.LOST, "its process was killed"),
        ("memory", Cause.OUT_OF_MEMORY, "MemoryError"),
        ("hangs", Cause.TIMED_OUT, "longer than its deadline of 1 s"),
        ("too-large", Cause.USER, "OSError: [Errno 27] File too large"),
    ],
)
def test_each_death_has_its_cause_and_a_sentence(ended: Ended, name: str, cause: Cause, words: str):
    step = ended.step(name)
    assert (step.state, step.cause) == (StepState.FAILED, cause), step.message
    assert words in str(step.message)
    assert "\n" not in str(step.message)


def test_what_waits_for_a_dead_step_is_skipped_and_the_rest_goes_on(ended: Ended):
    assert ended.record.state is RunState.FAILED
    assert ended.step("never").state is StepState.SKIPPED
    assert ended.step("fine").state is StepState.SUCCEEDED


def test_a_lost_step_is_tried_again_as_its_retries_say(ended: Ended):
    assert [one.cause for one in ended.step("supervisor").attempts] == [Cause.LOST, Cause.LOST]


def test_children_that_a_step_leaves_behind_are_killed_and_warned_of(ended: Ended):
    step = ended.step("children")
    assert step.state is StepState.SUCCEEDED
    assert step.warnings == ("the step left 1 process running; they were killed",)
    pids = [int(pid) for pid in (ended.folder / "mark").read_text().split()]
    until(lambda: not any(map(is_alive, pids)))


def test_a_step_that_prints_without_end_is_kept_to_a_bounded_log(ended: Ended):
    assert ended.step("prints").state is StepState.SUCCEEDED
    assert ended.log_bytes("prints") < 32 * 2**20


def test_a_step_that_closes_its_own_stdout_succeeds_with_what_it_said_before(ended: Ended):
    assert ended.step("closes").state is StepState.SUCCEEDED
    assert ended.log_bytes("closes") == len("2026-01-01T00:00:00.000000Z before\n")


def test_a_failed_step_leaves_nothing_in_the_store_and_a_killed_one_only_what_gc_takes(ended: Ended):
    assert {entry.size for entry in ended.store.list("blobs/")} == {len('{"n":1}')}
    work = Path(f"{ended.store.root}/work")
    left = {path.name.split("-")[1] for path in work.glob(f"{ended.record.id}-*")}
    assert left == {"supervisor"}
    removed = collect_garbage(open_place("local", ended.folder))
    assert removed.counts["scratch folders"] == 2
    assert list(work.glob(f"{ended.record.id}-*")) == []


def driven(spec: Path) -> RunRecord:
    """Return how the run ends; a driver that finds no space itself ends with 2, and the next one goes on."""
    place, identity = start(spec, project=spec.parent)
    resume = [sys.executable, "-m", "moorage", "resume", identity]
    until(lambda: subprocess.run(resume, cwd=spec.parent, capture_output=True).returncode == 1)
    return read_record(place.store, identity)


def test_a_step_that_fills_the_disk_fails_and_gives_the_space_back(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MOORAGE_STORE", str(small_disk))
    full = write_project(tmp_path / "full", function("fills", outputs=BIG))
    failed = driven(full).steps["fills"]
    assert (failed.state, failed.cause) == (StepState.FAILED, Cause.USER)
    assert "No space left on device" in str(failed.message)
    fine = write_project(tmp_path / "fine", function("fine", outputs=METRICS))
    assert run(fine, project=fine.parent).state is RunState.SUCCEEDED
