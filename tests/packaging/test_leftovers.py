"""The check for processes left behind finds even one that detached itself, and nothing of others."""

import os
import subprocess
import sys

from tests.leftovers import MARK, left_processes

WAIT_FOR_INPUT = "import sys; print('up', flush=True); sys.stdin.read()"


def test_a_detached_process_is_found_until_it_ends():
    environ = {**os.environ, MARK: "this-test-alone"}
    command = [sys.executable, "-c", WAIT_FOR_INPUT]
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert list(left_processes("this-test-alone")) == [process.pid]
    assert left_processes("this-test-alone") == {}
