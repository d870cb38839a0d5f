"""Hold the processes of a job to its memory: in a control group of its own, else each by a limit of its own.

Free of pydantic: what observes a job imports this, and a launcher may.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from moorage.frozen import Frozen, plain
from moorage.step.memory import usage_sentence
from moorage_local.machine import Groups

GROUP_2, GROUP_1, EACH_PROCESS = "cgroup2", "cgroup1", "rlimit"
"""What holds a job, best first: groups of version 2 and 1 hold the whole of it, a resource limit each process."""

ROOMY_SHARE, ROOMY_BYTES = 1.25, 256 * 2**20
"""A resource limit counts what is reserved, not what is used: so much more is allowed (RLIMIT_DATA, setrlimit(2))."""


class _Files(Frozen):
    limit: str
    swap: str
    peak: str
    events: str


_FILES = {
    GROUP_2: _Files("memory.max", "memory.swap.max", "memory.peak", "memory.events"),
    GROUP_1: _Files(
        "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"
    ),
}
_REMOVE_SECONDS = 0.05


class Limit(Frozen):
    """How one job is held: `kind` of means, so many bytes, and its group's folder if it has one."""

    kind: str
    size: int
    group: str | None = None

    @property
    def kills(self) -> int:
        """How many processes of the job the kernel killed for want of memory; 0 with no group."""
        words = self._read(_FILES[self.kind].events).split() if self.group else []
        return int(words[words.index("oom_kill") + 1]) if "oom_kill" in words else 0

    @property
    def peak(self) -> int | None:
        """The most bytes that the job has used at one time, if its group says so."""
        text = self._read(_FILES[self.kind].peak).strip() if self.group else ""
        return int(text) if text.isdigit() else None

    def _read(self, name: str) -> str:
        return _text(Path(self.group or "", name))


def keep(limit: Limit, folder: Path) -> None:
    """Write into a job's folder how it is held."""
    (folder / "memory").write_text(json.dumps(plain(limit)), encoding="utf-8")


def kept(folder: Path) -> Limit | None:
    """Return how the job of that folder is held; None when it is not."""
    try:
        return Limit(**json.loads(_text(folder / "memory")))
    except ValueError:  # there is none, or half of it: the machine lost its power
        return None


def hold(folder: Path, size: int, found: Groups) -> Limit:
    """Hold this process and all that it will start to `size` bytes, for the job of that folder; keep how."""
    for kind, parent in _candidates(found):
        limit = Limit(kind, size, str(parent / _name(folder)))
        keep(limit, folder)  # first: from now on the group is somebody's
        with suppress(OSError):
            _join(limit, os.getpid())
            return limit
    limit = Limit(EACH_PROCESS, size)
    keep(limit, folder)
    _limit_each(size)
    return limit


def _join(limit: Limit, pid: int) -> None:
    group, files = Path(limit.group or ""), _FILES[limit.kind]
    group.mkdir(exist_ok=True)
    try:
        _write(group / files.limit, limit.size)
        with suppress(OSError):  # the kernel does not count swap
            _write(group / files.swap, 0 if limit.kind == GROUP_2 else limit.size)
        _write(group / "cgroup.procs", pid)
    except OSError:
        group.rmdir()
        raise


def _limit_each(size: int) -> None:
    import resource

    allowed = int(size * ROOMY_SHARE) + ROOMY_BYTES
    with suppress(OSError, ValueError):  # its hard limit is lower already
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))


def _name(folder: Path) -> str:
    return f"moorage-{folder.name}-{crc32(bytes(folder)):08x}"  # other projects may have a job of that name


def killed_for_memory(folder: Path) -> str | None:
    """Return a sentence when the kernel killed something of the job of that folder for want of memory."""
    limit = kept(folder)
    if limit is None or not limit.kills:
        return None
    used = usage_sentence(limit.peak or limit.size, limit.size / 2**30)
    return f"the kernel killed it for want of memory; {used}"


def let_go(folder: Path) -> None:
    """Remove the group of the job of that folder, which has ended."""
    limit = kept(folder)
    if limit is not None and limit.group is not None:
        remove(limit.group)


def remove(group: str) -> None:
    """Remove a group; one that still has a process is left for the next time."""
    deadline = time.monotonic() + _REMOVE_SECONDS
    while True:
        try:
            return os.rmdir(group)
        except FileNotFoundError:
            return
        except OSError:  # the last process of it is on its way out
            if time.monotonic() > deadline:
                return
            time.sleep(0.001)


def _candidates(found: Groups) -> list[tuple[str, Path]]:
    own = found.own("")
    above = [own.parent] if own != found.root and _is_free(own) else []
    version_2 = [(GROUP_2, folder) for folder in (own, *above) if _gives_memory(folder)]
    return [*version_2, (GROUP_1, found.own("memory"))]


def _is_free(own: Path) -> bool:
    # A group beside our own would escape what our own is held to.
    return all(_text(own / name).split()[:1] in ([], ["max"]) for name in ("memory.max", "memory.high", "cpu.max"))


def _gives_memory(folder: Path) -> bool:
    if "memory" not in _text(folder / "cgroup.controllers").split():
        return False
    if "memory" not in _text(folder / "cgroup.subtree_control").split():
        with suppress(OSError):  # refused while the group itself has processes
            (folder / "cgroup.subtree_control").write_text("+memory")
    return "memory" in _text(folder / "cgroup.subtree_control").split()


def _write(file: Path, number: int) -> None:
    with open(file, "r+") as there:  # a file that the kernel did not put there is not made
        there.write(str(number))


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
