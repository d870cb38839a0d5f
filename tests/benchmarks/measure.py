"""What a command costs: wall, net and CPU seconds of its whole tree of processes, and its peak memory.

Net is wall less the time in which everything runnable of the command waited for a processor that others held.
The kernel counts that per group of processes (PSI), so the benchmarks move into a group of their own where
they may; elsewhere net is wall. CPU repeats within a factor of two on a busy machine, where wall does not.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage
from statistics import median

MOUNTS = Path("/proc/self/mountinfo")
MINE = Path("/proc/self/cgroup")
LAST_LINES = 10
"""So many lines of what a command said are shown when it fails."""


class Failed(Exception):
    """A command that was to be measured ended badly; the text holds what it said."""


@dataclass(frozen=True)
class Cost:
    """Seconds, and MiB of the command's own process at its largest."""

    wall: float
    net: float
    cpu: float
    peak_mib: float


@dataclass(frozen=True)
class Command:
    """Something to measure; `prepare` is called before each time and costs nothing."""

    argv: Sequence[str]
    folder: Path
    environ: Mapping[str, str]
    prepare: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Meter:
    """Measures commands, in a control group of its own unless `group` is None."""

    group: Path | None

    def cost(self, command: Command) -> Cost:
        """Run the command and return what it cost. Raises Failed with its last words."""
        command.prepare()
        waited, used = self._waited(), self._used()
        began = time.perf_counter()
        usage = _run(command)
        wall = time.perf_counter() - began
        cpu = self._used() - used if self.group else usage.ru_utime + usage.ru_stime
        return Cost(wall, wall - (self._waited() - waited), cpu, usage.ru_maxrss / 1024)

    def _waited(self) -> float:
        if self.group is None:
            return 0.0
        line = (self.group / "cpu.pressure").read_text().splitlines()[1]
        return int(line.rpartition("=")[2]) / 1e6

    def _used(self) -> float:
        if self.group is None:
            return 0.0
        return int((self.group / "cpu.stat").read_text().split()[1]) / 1e6


def _run(command: Command) -> struct_rusage:
    none = subprocess.DEVNULL
    with subprocess.Popen(
        command.argv, cwd=command.folder, env=command.environ, stdin=none, stdout=none, stderr=subprocess.PIPE
    ) as child:
        said = child.stderr.read() if child.stderr else b""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        last = "\n".join(said.decode(errors="replace").splitlines()[-LAST_LINES:])
        raise Failed(f"{' '.join(command.argv)}: exit code {child.returncode}\n{last}")
    return usage


@contextmanager
def metering() -> Iterator[Meter]:
    """Yield a meter, and leave its group afterwards."""
    parent = _own_group()
    group = parent / f"moorage-bench-{os.getpid()}" if parent else None
    try:
        if group is None:
            raise OSError
        group.mkdir()
        _enter(group)
        (group / "cpu.pressure").read_text()
    except OSError:  # not ours to make: a container, or a user without a group of their own
        _leave(parent, group)
        yield Meter(None)
        return
    try:
        yield Meter(group)
    finally:
        _leave(parent, group)


def interleaved(meter: Meter, commands: Mapping[str, Command], times: int) -> dict[str, list[Cost]]:
    """Return the costs of each command, taken in turn (A B A B) after one round that is not counted."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(times + 1):
        for name, command in commands.items():
            cost = meter.cost(command)
            if number:
                costs[name].append(cost)
    return costs


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return float(median(values))


def _own_group() -> Path | None:
    with suppress(OSError, StopIteration):
        at = next(line.split() for line in MOUNTS.read_text().splitlines() if " - cgroup2 " in line)[4]
        mine = next(line for line in MINE.read_text().splitlines() if line.startswith("0::"))[3:]
        return Path(at) / mine.lstrip("/")
    return None


def _enter(group: Path) -> None:
    (group / "cgroup.procs").write_text(str(os.getpid()))


def _leave(parent: Path | None, group: Path | None) -> None:
    if parent and group and group.is_dir():
        with suppress(OSError):
            _enter(parent)
        with suppress(OSError):  # something in it still ends
            group.rmdir()
