"""Finds out whether this machine lets us make containers of namespaces, by making one."""

import subprocess
import sys

from tests.rigs.kubernetes.node.process import ROOT, launch_environment

TRY = """
import os, sys, tempfile
from tests.rigs.kubernetes.node import linux, rootfs
with tempfile.TemporaryDirectory() as layer:
    pid = os.fork()
    if pid == 0:
        try:
            linux.unshare(linux.NEW_MOUNTS | linux.NEW_NAMES | linux.NEW_PROCESSES)
            child = os.fork()
            if child == 0:
                asked = {"layer": layer, "root": "/", "mounts": [], "open": [], "read_only_root": False}
                rootfs.build(asked)
                os._exit(0)
            os._exit(os.waitpid(child, 0)[1] != 0)
        finally:
            os._exit(1)
    status = os.waitpid(pid, 0)[1]
sys.exit(status != 0)
"""


def found() -> str:
    """Return `namespaces` or `none`."""
    tried = subprocess.run(
        [sys.executable, "-S", "-c", TRY], cwd=ROOT, env=launch_environment(), capture_output=True, check=False
    )
    return "namespaces" if tried.returncode == 0 else "none"
