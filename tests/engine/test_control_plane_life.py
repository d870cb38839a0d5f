"""A control plane ends with its test however that ends, several run beside each other, and a failed start says why."""

import json
import os
import select
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.tools import Tools
from tests.rigs.kubernetes.plane import control_plane
from tests.rigs.kubernetes.processes import Died

pytestmark = [pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 10.0
HOLDS_A_PLANE = """
import json, sys
from pathlib import Path
from tests.engine.tools import tools
from tests.rigs.kubernetes.plane import control_plane

with control_plane(tools(), Path(sys.argv[1]), addons=()) as plane:
    print(json.dumps([plane.processes.keeper, *plane.processes.pids.values()]), flush=True)
    sys.stdin.read()
"""


def await_end(pids: list[int]) -> None:
    """Return when all these processes have ended; each is watched from before it is looked at."""
    for pid in pids:
        try:
            watched = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        ready, _, _ = select.select([watched], [], [], PATIENCE_SECONDS)
        os.close(watched)
        assert ready, f"{pid} is still there: {Path(f'/proc/{pid}/cmdline').read_bytes()!r}"


@pytest.mark.parametrize("killed", ["the test process", "the keeper"])
def test_nothing_is_left_after_a_kill(engine: Tools, tmp_path: Path, killed: str):
    command = [sys.executable, "-c", HOLDS_A_PLANE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as holder:
        assert holder.stdout is not None
        pids = json.loads(holder.stdout.readline())
        os.kill(holder.pid if killed == "the test process" else pids[0], 9)
        await_end(pids)
        holder.kill()


def test_two_run_at_once_and_know_nothing_of_each_other(
    engine: Tools, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with ExitStack() as stack:
        planes = []
        for name in ("one", "two"):
            began = time.monotonic()
            planes.append(stack.enter_context(control_plane(engine, tmp_path / name)))
            with capsys.disabled():
                print(f"\na control plane with JobSet and Kueue was ready in {time.monotonic() - began:.1f} s")
        one, two = (plane.client() for plane in planes)
        one.create("/api/v1/namespaces", {"metadata": {"name": "only-here"}})
        names = [each["metadata"]["name"] for each in two.get("/api/v1/namespaces")["items"]]
        assert "only-here" not in names
        assert "kueue-system" in names


def test_all_is_gone_when_the_context_ends(engine: Tools, tmp_path: Path):
    with control_plane(engine, tmp_path, addons=()) as plane:
        pids = list(plane.processes.pids.values())
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_a_process_that_dies_at_the_start_is_named_with_its_last_words(engine: Tools, tmp_path: Path):
    wrong = replace(engine, kube_apiserver=engine.etcd)  # which knows none of the flags
    words = r"kube-apiserver ended with \d+; its log .* says last:\n(.*\n)*.*flag"
    with pytest.raises(Died, match=words), control_plane(wrong, tmp_path):
        pass


def test_a_program_that_is_not_there_is_named(engine: Tools, tmp_path: Path):
    absent = replace(engine, etcd=tmp_path / "absent")
    with pytest.raises(Died, match=r"No such file or directory: '.*absent'"), control_plane(absent, tmp_path):
        pass
