"""The processes of this machine, reached: where the kernel's words end."""

import errno
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from moorage.errors import (
    AccessDenied,
    CapacityExceeded,
    Corrupt,
    MoorageError,
    NotFound,
    PlatformError,
    QuotaExceeded,
    Throttled,
)
from moorage.ports import Handle, Observation, Owner
from moorage_local import limits, processes
from moorage_local.folders import NOBODY, End, JobFolder, Record, folder_name
from moorage_local.lower import LocalRequest
from moorage_local.observe import bury, handle_of, is_elsewhere, is_in_other_namespace, observe
from moorage_local.starting import Starter
from moorage_local.target import LocalTarget

ADOPT_SECONDS = 30.0
CANCEL_SECONDS = 10.0
_POLL_SECONDS = 0.005
_LET_GO_SECONDS = 2.0
_BLIND_SECONDS = 1.0  # a process of another container cannot be waited for

ERRORS: Mapping[int, tuple[type[PlatformError], str]] = {
    errno.EACCES: (AccessDenied, "let this user read and run it"),
    errno.EPERM: (AccessDenied, "let this user read and run it"),
    errno.EROFS: (AccessDenied, "move the project to where this user may write"),
    errno.ENOENT: (NotFound, "put it back, or install moorage anew"),
    errno.EDQUOT: (QuotaExceeded, "free some space: `moorage gc`"),
    errno.EMFILE: (QuotaExceeded, "raise `ulimit -n`"),
    errno.EAGAIN: (QuotaExceeded, "raise `ulimit -u`, or wait for running steps"),
    errno.ENOSPC: (CapacityExceeded, "free some space: `moorage gc`"),
    errno.ENOMEM: (CapacityExceeded, "wait for running steps, or lower `resources.memory`"),
    errno.ENFILE: (Throttled, "wait for running steps"),
}
"""What the kernel refuses with, and what to do."""


class LocalConnection:
    """The jobs in the folder of one target."""

    def __init__(self, target: LocalTarget) -> None:
        self._folder = Path(target.folder)
        self._starter = Starter(self._folder)

    def submit(self, request: LocalRequest, key: str) -> Handle:
        """Start the job, or adopt the one that was ever started under this key."""
        folder = self._job(key)
        deadline = time.monotonic() + ADOPT_SECONDS
        with _our_errors():
            while (lock := folder.lock()) is None:
                if folder.has_begun:
                    return handle_of(_known(folder))
                if time.monotonic() > deadline:
                    raise PlatformError(f"another process has been starting {request.name} for too long", fix=_LATER)
                time.sleep(_POLL_SECONDS)
                self._starter.settle()
            try:
                record = _known(folder) if folder.has_begun else self._starter.start(request, key, folder, lock)
                return handle_of(record)
            finally:
                os.close(lock)

    def observe(self, handles: Sequence[Handle]) -> Sequence[Observation]:
        """Return one reading per handle, in their order."""
        self._starter.children.sweep()
        with _our_errors():
            self._starter.settle()
            return [observe(handle, self._job_of(handle), self._starter.children) for handle in handles]

    def owned(self, owner: Owner) -> Iterator[Handle]:
        """Yield every job here that carries the tags of `owner`."""
        wanted = owner.as_tags().items()
        for path in sorted(self._folder.glob("jobs/[!.]*")):
            record = JobFolder(path).record()
            if record and wanted <= record.tags.items():
                yield handle_of(record)

    def logs(self, handle: Handle) -> Iterator[str]:
        """Yield what the job's own process printed; what the step printed is in the store."""
        try:
            with self._job_of(handle).output.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    yield line.rstrip("\n")
        except FileNotFoundError:
            return

    def cancel(self, handle: Handle) -> None:
        """Tell the job to end, and kill all of it when it does not within ten seconds."""
        folder = self._job_of(handle)
        record = folder.record()
        if record is None or folder.end() is not None:
            return
        if is_elsewhere(record) or (is_in_other_namespace(record) and not self._is_free(folder)):
            raise PlatformError(f"{handle.job} runs on {record.host}, out of reach", fix="cancel it from there")
        with _our_errors():
            folder.mark_cancelled()
            record = folder.record() or record  # a template may have become it just now
            if record.pid == NOBODY:
                folder.write_end(End(None, "cancelled"))
                _await_lock(folder)
            elif folder.end() is None:  # looked at after it was marked: its process may be another job's by now
                processes.terminate(record.identity, CANCEL_SECONDS)
                bury(record, folder, self._starter.children)

    def wait(self, handles: Sequence[Handle], seconds: float) -> None:
        """Return when one of the jobs has ended, or when the seconds are over."""
        deadline = time.monotonic() + seconds
        while True:
            with _our_errors():
                self._starter.settle()
            left = max(0.0, deadline - time.monotonic())
            seconds = self._starter.patience(left)
            is_early = seconds < left
            watched: list[processes.Identity] = []
            for folder, handle in zip(map(self._job_of, handles), handles, strict=True):
                record = folder.record()
                if folder.end() is not None:
                    return
                if record is None or is_elsewhere(record):
                    continue
                if is_in_other_namespace(record):
                    seconds = min(seconds, _BLIND_SECONDS)
                elif identity := self._watched(record, folder, handle):
                    watched.append(identity)
            has_news = processes.wait_any(watched, seconds, self._starter.sockets)
            if not has_news and not (is_early and all(map(processes.find, watched))):
                return

    def forget(self, handle: Handle) -> None:
        """Remove what is kept of a job that has ended; PlatformError while it runs."""
        folder = self._job_of(handle)
        lock = folder.lock()
        if lock is None:
            raise PlatformError(f"{handle.job} still runs", fix="cancel it first")
        try:
            self._starter.forget(handle.data["key"])
            limits.let_go(folder.path)
            folder.remove()
        finally:
            os.close(lock)

    def close(self) -> None:
        """Let go of the processes that stand ready to become jobs."""
        self._starter.close()

    def _watched(self, record: Record, folder: JobFolder, handle: Handle) -> processes.Identity | None:
        if record.pid == NOBODY:
            return self._starter.forked(handle.data["key"])
        lives = folder.has_begun or processes.find(record.identity) or self._starter.children.status(record.pid)
        return record.identity if lives else None

    def _is_free(self, folder: JobFolder) -> bool:
        lock = folder.lock()
        if lock is not None:
            os.close(lock)
        return lock is not None

    def _job(self, key: str) -> JobFolder:
        return JobFolder(self._folder / "jobs" / folder_name(key))

    def _job_of(self, handle: Handle) -> JobFolder:
        return self._job(handle.data["key"])


def _known(folder: JobFolder) -> Record:
    record = folder.record()
    if record is None:
        fix = f"see that nothing of it runs, then remove {folder.path}"
        raise Corrupt(f"the record of a job in {folder.path} cannot be read", fix=fix)
    return record


def _await_lock(folder: JobFolder) -> None:
    # Whoever becomes the job sees that it is cancelled, and ends.
    deadline = time.monotonic() + _LET_GO_SECONDS
    while folder.is_locked and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


_LATER = "submit it again; `ps` shows who holds it"


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except MoorageError:
        raise
    except OSError as error:
        kind, fix = ERRORS.get(error.errno or 0, (PlatformError, "see what the kernel said"))
        where = f"{error.filename}: " if error.filename else ""
        raise kind(f"this machine refused: {where}{error.strerror}", fix=fix) from error
