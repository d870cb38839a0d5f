"""Finds processes that tests started, however far these detached themselves: all inherit one variable."""

import os
from pathlib import Path

MARK = "MOORAGE_TEST_SESSION"
"""The variable; its value differs in each worker of a test session."""


def left_processes(value: str) -> dict[int, str]:
    """Return the command line of every other process, by its id, that has `value` in its first environment."""
    wanted = f"{MARK}={value}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:  # it ended, or it is another user's
            continue
        # multiprocessing's tracker lives as long as the worker that it serves.
        if wanted in variables and int(folder.name) != os.getpid() and "resource_tracker" not in command:
            found[int(folder.name)] = command
    return found
