"""How the benchmarks measure: CPU time of whole processes, as a multiple of starting Python at all.

CPU time repeats within a factor of two on a busy machine, where wall time does not.
"""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

Show = Callable[[str, float, str], None]
"""Prints one line of results: what, how much, in which unit."""


def cpu_seconds(command: Sequence[str], *, folder: Path | None = None, times: int = 7) -> float:
    """Return the median CPU seconds of `command`, its children's included, after one run that is not counted."""
    return median([_one(command, folder) for _ in range(times + 1)][1:])


def _one(command: Sequence[str], folder: Path | None) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
