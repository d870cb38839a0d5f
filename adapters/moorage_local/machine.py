"""What this machine has: the CPU and memory that its processes may use, and which boot of which host it is."""

import os
import socket
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from moorage.frozen import Frozen

_UNLIMITED_BYTES = 2**60  # version 1 writes a huge number where version 2 writes `max`


class Here(Frozen):
    """One boot of one host, seen from one process namespace: where a process id means something."""

    host: str
    boot: str
    namespace: str


@cache
def here() -> Here:
    """Return where this process runs."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return Here(socket.gethostname(), boot, os.readlink("/proc/self/ns/pid"))


class Groups(Frozen):
    """The control groups of this process, of either version: `membership` is the text of /proc/self/cgroup."""

    root: Path
    membership: str

    def cpu_limits(self) -> list[float]:
        """Return every limit on the CPU time per time, in CPUs."""
        found = [line for folder in self._lineage("") for line in _words(folder / "cpu.max")]
        for folder in self._lineage("cpu"):
            both = [_words(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
            found += [[*quota, *period] for quota, period in zip(*both, strict=False)]
        return [int(quota) / int(period) for quota, period in found if quota not in ("max", "-1")]

    def memory_limits(self) -> list[int]:
        """Return every limit on the memory, in bytes."""
        files = [folder / "memory.max" for folder in self._lineage("")]
        files += [folder / "memory.limit_in_bytes" for folder in self._lineage("memory")]
        limits = [line[0] for file in files for line in _words(file)]
        return [int(limit) for limit in limits if limit != "max" and int(limit) < _UNLIMITED_BYTES]

    def out_of_memory_kills(self) -> int:
        """Return how many of the group's processes the kernel has killed for want of memory."""
        return _kills(self.counters())

    def counters(self) -> Sequence[Path]:
        """Return the files that may count them."""
        return (self.own("") / "memory.events", self.own("memory") / "memory.oom_control")

    def own(self, controller: str) -> Path:
        """Return the folder of this process's group for `controller`; "" is version 2."""
        mounted = self.root / controller
        for line in self.membership.splitlines():
            _, controllers, path = line.split(":", 2)
            own = mounted / path.lstrip("/")
            if controller in controllers.split(",") and own.is_dir():
                return own
        return mounted  # a container sees its group's path on the host, and has only its own group mounted

    def _lineage(self, controller: str) -> list[Path]:
        own = self.own(controller)  # a limit of any group above it holds too
        return [own, *(parent for parent in own.parents if parent.is_relative_to(self.root))]


def usable_cpu() -> float:
    """Return how many CPUs this process may use: its affinity, and its control group's quota."""
    return float(min([len(os.sched_getaffinity(0)), *groups().cpu_limits()]))


def usable_memory_gib() -> float:
    """Return the memory that this process may use, in GiB: the machine's, or its control group's limit."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([total, *groups().memory_limits()]) / 2**30


def out_of_memory_kills() -> int:
    """Return how many processes beside this one the kernel has killed for want of memory."""
    return _kills(_counters())


def _kills(files: Sequence[Path]) -> int:
    return next((int(count) for file in files for name, count in _words(file) if name == "oom_kill"), 0)


@cache
def _counters() -> Sequence[Path]:
    return groups().counters()


def groups() -> Groups:
    """Return the control groups of this process."""
    return Groups(Path("/sys/fs/cgroup"), Path("/proc/self/cgroup").read_text())


def _words(file: Path) -> list[list[str]]:
    try:
        return [line.split() for line in file.read_text().splitlines() if line.strip()]
    except OSError:  # no such controller, or no such limit on the root group
        return []
