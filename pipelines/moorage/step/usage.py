"""What a step used, and whether the kernel killed it for memory."""

import resource
import sys
from pathlib import Path

_ENDED: list[resource.struct_rusage] = []


def note_ended(used: resource.struct_rusage) -> None:
    """Count what a child used that has ended and was waited for, its own children's part included."""
    _ENDED.append(used)


def start_counting() -> None:
    """Forget what children of an earlier attempt in this process used."""
    _ENDED.clear()


def children_usage() -> tuple[float, float]:
    """Return the CPU seconds of all ended children and the most MiB that one of them held."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    cpu_seconds = sum(used.ru_utime + used.ru_stime for used in _ENDED)
    return round(cpu_seconds, 6), round(max((used.ru_maxrss for used in _ENDED), default=0) / unit, 3)


def out_of_memory_kills() -> int:
    """Return how many processes the kernel has killed for memory, in our control group if it tells."""
    for path in _counters():
        try:
            with open(path, "rb", buffering=0) as file:
                lines = file.readall().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, count = line.partition(b" ")
            if name == b"oom_kill":
                return int(count)
    return 0


def own_groups() -> list[tuple[str, Path]]:
    """Return version and folder of the control groups that may count our memory, nearest first (Linux)."""
    try:
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            found += [("2", Path(f"/sys/fs/cgroup{path}")), ("2", Path("/sys/fs/cgroup"))]
        elif "memory" in controllers.split(","):
            found += [("1", Path(f"/sys/fs/cgroup/memory{path}"))]
    return [*found, ("1", Path("/sys/fs/cgroup/memory"))]


def _counters() -> list[Path]:
    names = {"2": "memory.events", "1": "memory.oom_control"}
    return [*(folder / names[version] for version, folder in own_groups()), Path("/proc/vmstat")]
