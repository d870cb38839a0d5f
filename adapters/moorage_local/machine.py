"""What this machine has: the CPU and memory that its processes may use, and which boot of which host it is."""

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_UNLIMITED_BYTES = 2**60  # version 1 writes a huge number where version 2 writes `max`


@dataclass(frozen=True)
class Here:
    """One boot of one host, seen from one process namespace: where a process id means something."""

    host: str
    boot: str
    namespace: str


@cache
def here() -> Here:
    """Return where this process runs."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return Here(socket.gethostname(), boot, os.readlink("/proc/self/ns/pid"))


def usable_cpu() -> float:
    """Return how many CPUs this process may use: its affinity, and its control group's quota."""
    return float(min([len(os.sched_getaffinity(0)), *_cpu_quotas()]))


def usable_memory_gib() -> float:
    """Return the memory that this process may use, in GiB: the machine's, or its control group's limit."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([total, *_memory_limits()]) / 2**30


def out_of_memory_kills() -> int:
    """Return how many processes of this control group the kernel has killed for want of memory."""
    for folder, name in ((_own_group(""), "memory.events"), (_own_group("memory"), "memory.oom_control")):
        for line in _words(folder / name):
            if line[0] == "oom_kill":
                return int(line[1])
    return 0


def _cpu_quotas() -> list[float]:
    found = []
    for folder in _lineage(_own_group("")):
        for quota, period in _words(folder / "cpu.max"):
            if quota != "max":
                found.append(int(quota) / int(period))
    for folder in _lineage(_own_group("cpu")):
        quota_us, period_us = (_words(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
        if quota_us and period_us and int(quota_us[0][0]) > 0:
            found.append(int(quota_us[0][0]) / int(period_us[0][0]))
    return found


def _memory_limits() -> list[int]:
    files = [folder / "memory.max" for folder in _lineage(_own_group(""))]
    files += [folder / "memory.limit_in_bytes" for folder in _lineage(_own_group("memory"))]
    limits = [line[0] for file in files for line in _words(file)]
    return [int(limit) for limit in limits if limit != "max" and int(limit) < _UNLIMITED_BYTES]


def _own_group(controller: str) -> Path:
    # A container may see the path of its group on the host, but have only its own group mounted.
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            own = _GROUPS / controller / path.lstrip("/")
            return own if own.is_dir() else _GROUPS / controller
    return _GROUPS / controller


def _lineage(folder: Path) -> list[Path]:
    # A limit of any group above holds too.
    return [folder, *(parent for parent in folder.parents if parent.is_relative_to(_GROUPS))]


def _words(file: Path) -> list[list[str]]:
    try:
        return [line.split() for line in file.read_text().splitlines() if line.strip()]
    except OSError:  # no such controller, or no such limit on the root group
        return []
