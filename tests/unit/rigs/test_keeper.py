"""The keeper of a control plane's processes: when it is killed, none of them lives on."""

import os
import select
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 20.0
LATE = """
import os, sys
from tests.rigs.kubernetes import keeper

said, go, log = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

class Late:
    def prctl(self, *words):
        os.write(said, str(os.getpid()).encode())
        os.read(go, 1)
        return real.prctl(*words)

real, keeper.LIBC = keeper.LIBC, Late()
keeper.start("sleeper", ["/bin/sleep", "60"], log)
"""
"""A keeper whose process waits before it asks to die with the keeper."""


def test_a_process_whose_keeper_was_killed_before_it_asked_to_die_with_it_does_not_live_on(tmp_path: Path):
    heard, said = os.pipe()
    go, let_go = os.pipe()
    keeper = subprocess.Popen(
        [sys.executable, "-c", LATE, str(said), str(go), str(tmp_path / "log")], cwd=ROOT, pass_fds=(said, go)
    )
    process = os.pidfd_open(int(os.read(heard, 20)))
    keeper.kill()
    keeper.wait()
    os.write(let_go, b".")
    assert select.select([process], [], [], PATIENCE_SECONDS)[0], "it lives on"
    for each in (heard, said, go, let_go, process):
        os.close(each)
