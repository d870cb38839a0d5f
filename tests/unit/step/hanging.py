"""A step that never ends, and how to know whether a process still lives."""

from pathlib import Path
from typing import Any

from tests.unit.step.jobs import Job, Workplace, until

HANG = """
import os, signal, subprocess, sys, time
from pathlib import Path
def step(mark: Path):
    mark.write_text(str(os.getpid()))
    {then}
    time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def hanging(place: Workplace, then: str = "", **fields: Any) -> tuple[Job, Path]:
    mark = place.folder / "mark"
    job = place.job(HANG.replace("{then}", then), parameters={"mark": str(mark)}, **fields)
    return job, mark


def started(job: Job, mark: Path) -> int:
    job.start()
    return int(until(lambda: mark.exists() and mark.read_text()))
