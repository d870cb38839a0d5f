"""How a container of the rig's node starts: at whatever moment its launcher is killed, nothing of it is left."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs.kubernetes.node.isolation import found
from tests.rigs.kubernetes.node.process import ROOT, launch_environment

LATE = """
import os, sys
from tests.rigs.kubernetes.node import launch, linux

file, report, late = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
launcher, ask, asked = os.getpid(), linux.die_with_parent, 0

def ask_late(number):
    global asked
    asked += 1
    if asked == late:
        os.write(1, b"late")
        os.read(0, 1)
    ask(number)

linux.die_with_parent = ask_late
sys.exit(launch.main(file, report))
"""
"""A launcher of which the nth request to die with its parent waits; the first is its own, the rest the container's."""

NOBODY = 65534
PATIENCE_SECONDS = 20.0

MOMENTS = [("none", 2), *((found(), each) for each in (2, 3) if found() == "namespaces")]


@pytest.mark.parametrize(("isolation", "late"), MOMENTS)
def test_a_container_whose_launcher_was_killed_does_not_live_on(isolation: str, late: int, tmp_path: Path):
    report, theirs = os.pipe()
    launcher = subprocess.Popen(
        [sys.executable, "-S", "-c", LATE, str(_asked(tmp_path, isolation)), str(theirs), str(late)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(theirs,), cwd=ROOT, env=launch_environment(),
    )  # fmt: skip
    os.close(theirs)
    assert launcher.stdin
    assert launcher.stdout
    with launcher.stdin, launcher.stdout:
        assert launcher.stdout.read(4) == b"late"
        launcher.kill()
        launcher.wait()
        launcher.stdin.write(b".")
        launcher.stdin.flush()
        assert select.select([launcher.stdout], [], [], PATIENCE_SECONDS)[0], "the container lives on"
        assert launcher.stdout.read() == b""  # closed, as all that held it open are gone
    os.close(report)


def _asked(folder: Path, isolation: str) -> Path:
    file = folder / "container.json"
    asked = {
        "isolation": isolation, "node": os.getpid(), "hostname": "pod", "layer": str(folder / "layer"), "root": "/",
        "mounts": [], "open": [], "read_only_root": False, "own_ports": False, "folder": "/", "environment": {},
        "argv": ["/bin/sleep", "60"], "user": NOBODY, "group": NOBODY, "groups": [],
    }  # fmt: skip
    file.write_text(json.dumps(asked))
    return file
