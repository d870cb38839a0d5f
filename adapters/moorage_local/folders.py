"""The folder of one job: its lock, its record, how far it came and how it ended.

Free of pydantic: the launcher imports this, and starts in milliseconds.

    lock      held by the submitter, then by the launcher as long as it lives
    record    which process it is, written before that may go on
    begun     an empty mark, made before anything runs; with no mark and no lock nothing ever ran
    queued    says what it waits for, while it waits to be given something
    cancelled an empty mark, made before the job is told to end
    exit      how it ended
    memory    what holds it to its memory, see `limits`
    output    what the launcher itself printed
"""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from moorage.errors import Corrupt
from moorage.frozen import Frozen, plain
from moorage_local.processes import Identity

MARK_VARIABLE = "MOORAGE_LOCAL_JOB"
"""Names the folder of a job to all its processes."""
NOBODY = 2**22 + 1
"""A number above those of all processes, see proc_sys_kernel(5)."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


class Record(Frozen):
    """Which process a job is: on which boot of which host, seen from which process namespace.

    `memory_kills` is what the kernel's count stood at before; `pid` is `NOBODY` while a template is to become the job.
    """

    key: str
    job: str
    host: str
    boot: str
    namespace: str
    tags: Mapping[str, str]
    memory_kills: int = 0
    pid: int = NOBODY
    started: str = ""

    @property
    def identity(self) -> Identity:
        """The launcher's process."""
        return Identity(self.pid, self.started)


class End(Frozen):
    """How a job ended: with an exit code, or without one and then for this cause and reason."""

    code: int | None
    cause: str | None = None
    reason: str = ""


_Kept = TypeVar("_Kept", Record, End)


class JobFolder(Frozen):
    """The folder of the job of one key."""

    path: Path

    @property
    def mark(self) -> str:
        """The environment variable that all processes of the job inherit."""
        return f"{MARK_VARIABLE}={self.path}"

    @property
    def output(self) -> Path:
        """The file that holds what the launcher itself printed."""
        return self.path / "output"

    @property
    def has_begun(self) -> bool:
        """Whether anything of the job may have run; from then on it is never started again."""
        return any((self.path / name).exists() for name in ("begun", "cancelled", "exit"))

    @property
    def is_cancelled(self) -> bool:
        """Whether the job has been told to end."""
        return (self.path / "cancelled").exists()

    def lock(self) -> int | None:
        """Return the locked descriptor, which keeps everybody else out; None when another has it."""
        while True:
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:  # forgotten since the line above
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            if self._is_current(descriptor):
                return descriptor
            os.close(descriptor)

    @property
    def is_locked(self) -> bool:
        """Whether somebody has the lock: who starts the job, or the job."""
        if not (self.path / "lock").exists():
            return False
        lock = self.lock()
        if lock is not None:
            os.close(lock)
        return lock is None

    def mark_begun(self) -> None:
        """Say that the job runs from now on."""
        (self.path / "begun").touch()

    @property
    def waits_for(self) -> str | None:
        """What the job waits to be given, as a sentence; None when it has all."""
        try:
            return (self.path / "queued").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def mark_queued(self, reason: str) -> None:
        """Say that the job waits to be given something."""
        (self.path / "queued").write_text(reason, encoding="utf-8")

    def unmark_queued(self) -> None:
        """Say that the job has been given all."""
        (self.path / "queued").unlink(missing_ok=True)

    def mark_cancelled(self) -> None:
        """Say that the job is told to end."""
        (self.path / "cancelled").touch()

    def write_record(self, record: Record) -> None:
        """Keep which process the job is."""
        self._write("record", plain(record))

    def write_end(self, end: End) -> None:
        """Keep how the job ended."""
        self._write("exit", plain(end))

    def record(self) -> Record | None:
        """Return which process the job is; None when nobody has written it, or not to its end."""
        return self._read("record", Record)

    def end(self) -> End | None:
        """Return how the job ended; None while nobody has written it."""
        return self._read("exit", End)

    def remove(self) -> None:
        """Remove the folder at once, as far as others can see; the caller holds the lock."""
        from shutil import rmtree  # here, because a launcher never needs it

        rubbish = self.path.with_name(f".{self.path.name}-{os.urandom(4).hex()}")
        self.path.rename(rubbish)
        rmtree(rubbish)

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path / "lock"))
        except FileNotFoundError:
            return False

    def _write(self, name: str, data: Mapping[str, object]) -> None:
        scratch = self.path / f".{name}-{os.getpid()}"
        scratch.write_text(json.dumps(data), encoding="utf-8")
        scratch.replace(self.path / name)

    def _read(self, name: str, kind: type[_Kept]) -> _Kept | None:
        try:
            return kind(**json.loads((self.path / name).read_bytes()))
        except (FileNotFoundError, ValueError):  # half of it: the machine lost its power
            return None
        except TypeError as error:
            message = f"{self.path / name} was written by another version of moorage"
            raise Corrupt(message, fix="use that version until the run has ended") from error


def folder_name(key: str) -> str:
    """Return a name that is legal on every file system, the same for the same key."""
    if 0 < len(key) <= 100 and _PLAIN.issuperset(key) and key[0] != "-":
        return key
    from hashlib import sha256  # here, because a launcher never needs it

    return sha256(key.encode()).hexdigest()
