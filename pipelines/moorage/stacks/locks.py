"""Locks that a killed update left: who holds them, whether somebody still may, and how they are taken away.

A back end of one's own (a folder, a bucket) has one file per update that runs. An update that is killed leaves its
file, and nothing but a person or this module takes it away.
"""

import json
import os
import re
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from moorage.errors import TargetError
from moorage.frozen import Frozen

_SAID = re.compile(r"created by (?P<user>.*)@(?P<host>[^@\s]+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")
_ROUNDING_SECONDS = 2.0


class Lock(Frozen):
    """Who holds a stack: a process on a host, and since when."""

    user: str
    host: str
    pid: int
    since: datetime

    def __str__(self) -> str:
        return f"{self.user}@{self.host}, process {self.pid}, since {self.since:%Y-%m-%d %H:%M:%S %Z}"


def said_locks(text: str) -> tuple[Lock, ...]:
    """Return the locks that Pulumi names when it finds a stack locked; none when it says something else."""
    return tuple(
        Lock(found["user"], found["host"], int(found["pid"]), _moment(found["since"])) for found in _SAID.finditer(text)
    )


def kept_locks(state: Path, project: str, stack: str) -> tuple[Lock, ...]:
    """Return the locks of a stack whose back end is a folder; `state` is what `folder_of` found."""
    folder = state / "locks" / "organization" / project / stack
    return tuple(lock for path in sorted(folder.glob("*.json")) if (lock := _read(path)))


def folder_of(backend: str, root: Path) -> Path | None:
    """Return where a back end that is a folder, seen from the folder `root`, keeps its files; None for any other."""
    url = urlsplit(backend)
    if url.scheme != "file":
        return None
    return root / os.path.expanduser(unquote(url.netloc + url.path)) / ".pulumi"


def empty_sidecars(state: Path, project: str, stack: str) -> tuple[Path, ...]:
    """Return the empty files beside a stack's state that keep Pulumi from reading it.

    With each file it writes another one, `.attrs`, and that not at once: killed between the two, it says from then on
    that it `failed to load checkpoint: EOF`. The state itself is whole, and is read well without that file (seen with
    3.259, gocloud.dev 0.46).
    """
    found = (state / "stacks" / project).glob(f"{stack}.json*.attrs")
    return tuple(path for path in sorted(found) if path.stat().st_size == 0)


def refuse_living(locks: Sequence[Lock], stack: str, host: str = "") -> None:
    """Return when all that hold the locks are known to have ended. Raises TargetError, which names who may not have."""
    here = host or socket.gethostname()
    for lock in locks:
        elsewhere = lock.host != here
        if not elsewhere and not is_alive(lock):
            continue
        seen = f"the stack {stack!r} is locked by {lock}"
        why = f"; this is {here}, which cannot see whether it still runs" if elsewhere else "; that process still runs"
        fix = f"wait until it has ended; if it was killed: pulumi cancel -s {stack}"
        raise TargetError(seen + why, fix=fix)


def is_alive(lock: Lock) -> bool:
    """Return whether the process that took a lock on this machine still runs: its number may be another's by now."""
    if not _is_there(lock.pid):
        return False
    try:
        fields = Path(f"/proc/{lock.pid}/stat").read_text().rpartition(")")[2].split()
        booted = _boot_seconds()
    except OSError:  # it has just ended, or is hidden from us: to ask once more hurts nobody
        return True
    if fields[0] in ("Z", "X"):
        return False
    started = booted + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return started <= lock.since.timestamp() + _ROUNDING_SECONDS


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _boot_seconds() -> float:
    lines = Path("/proc/stat").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("btime ")))


def _read(path: Path) -> Lock | None:
    try:
        said = json.loads(path.read_bytes())
        return Lock(str(said["username"]), str(said["hostname"]), int(said["pid"]), _moment(said["timestamp"]))
    except FileNotFoundError:  # it has ended meanwhile
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise TargetError(f"the lock {path} is not one of Pulumi's", fix="see who wrote it, and remove it") from error


def _moment(text: str) -> datetime:
    # Go writes nanoseconds, which are no format of ours.
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
