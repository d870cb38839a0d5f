"""Kills containers that take more memory than they may, as the kernel does it in a cgroup; it looks, it does not wait.

A real limit would need cgroups, which a test may not change on every machine. So short peaks go unseen, and memory
that processes share is counted for each.
"""

import os
from collections.abc import Mapping
from typing import Any

from tests.rigs.kubernetes.node.quantity import quantity

LOOK_SECONDS = 0.1
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def limit_bytes(container: Mapping[str, Any]) -> int | None:
    """Return how much memory a container may take; None where nothing is said."""
    said = container.get("resources", {}).get("limits", {}).get("memory")
    return int(quantity(str(said))) if said else None


def used_bytes(first: int) -> int:
    """Return what a process and all its descendants have in memory; 0 where there is none."""
    parents = _parents()
    family, found = [first], 0
    while family:
        pid = family.pop()
        found += _resident(pid)
        family += parents.get(pid, ())
    return found


def _parents() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _read(f"/proc/{entry}/stat").rpartition(")")[2].split()):
            found.setdefault(int(fields[1]), []).append(int(entry))
    return found


def _resident(pid: int) -> int:
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * PAGE_BYTES if fields else 0


def _read(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            return opened.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""
