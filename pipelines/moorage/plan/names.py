"""Names of runs and jobs. Legal on every platform: `[a-z]([-a-z0-9]*[a-z0-9])?`, at most 50 characters."""

import secrets
from datetime import datetime

from blake3 import blake3

from moorage.ports import JobName

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LONGEST_JOB_NAME = 50  # JobSet appends a job's name and index, and 63 is the host name's limit


def new_run_id(now: datetime) -> str:
    """Return a new run id of 11 characters; ids sort by the millisecond in which they were made."""
    tail = "".join(secrets.choice(_DIGITS) for _ in range(2))
    return f"r{_base36(int(now.timestamp() * 1000)).zfill(8)}{tail}"


def job_name(run: str, step: str, attempt: int) -> JobName:
    """Return `mr-<run>-<step>-<attempt>-<hash>`; a long step's name is cut, the hash tells them apart."""
    mark = blake3(f"{run}/{step}/{attempt}".encode()).hexdigest()[:6]
    room = _LONGEST_JOB_NAME - len(f"mr-{run}---{attempt}{mark}")
    return JobName(f"mr-{run}-{step[:room].rstrip('-')}-{attempt}-{mark}")


def run_of(job: str) -> str:
    """Return the run in the name of a job."""
    return job.split("-", 2)[1]


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
