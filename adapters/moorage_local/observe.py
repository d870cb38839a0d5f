"""What a job's folder and the kernel together say of it, in the words of moorage."""

import os
import signal
from collections.abc import Mapping

from moorage.ports import Handle, JobName, Observation
from moorage.states import Cause, State
from moorage_local import limits, machine, processes
from moorage_local.children import Children
from moorage_local.folders import End, JobFolder, Record

PLATFORM = "local"

STATES: Mapping[str, State] = {
    "R": State.RUNNING,
    "S": State.RUNNING,  # it waits for something, as a supervisor does most of the time
    "D": State.RUNNING,  # it waits for a disk
    "I": State.RUNNING,
    "T": State.RUNNING,  # somebody stopped it, and may let it go on
    "t": State.RUNNING,  # a debugger did
    "P": State.RUNNING,
    "W": State.RUNNING,
    "K": State.RUNNING,
    "Z": State.FAILED,  # an exit code that is kept comes first: with none it was killed
    "X": State.FAILED,
    "x": State.FAILED,
}
"""By the letter of /proc/<pid>/stat of the job's own process, see proc_pid_stat(5)."""

_REASONS = {"T": "somebody stopped it; `kill -CONT` lets it go on", "t": "a debugger holds it"}


def handle_of(record: Record) -> Handle:
    """Return what finds the job of this record again."""
    return Handle(PLATFORM, JobName(record.job), {"key": record.key, "host": record.host, "boot": record.boot})


def state_of(letter: str) -> State:
    """Return the state of a job whose process the kernel gives that letter; one that is not listed is unknown."""
    return STATES.get(letter, State.UNKNOWN)


def observe(handle: Handle, folder: JobFolder, children: Children) -> Observation:
    """Return the reading of one job; `children` are those that we know more of, as their parent."""
    record = folder.record()
    if record is None:
        return Observation(handle, State.MISSING, "no record", "nothing is known of it on this machine")
    end = folder.end() or _end_now(record, folder, children)
    if end is not None:
        limits.let_go(folder.path)
        return _ended(handle, folder, end)
    if is_elsewhere(record):
        reason = f"it was started on {record.host}, and only a moorage there can say"
        return Observation(handle, State.UNKNOWN, "elsewhere", reason)
    process = processes.find(record.identity)
    if process is None and not is_in_other_namespace(record):
        if folder.is_locked:
            return Observation(handle, State.STARTING, "asked for", "it waits for the template of its modules")
        return Observation(handle, State.MISSING, "not begun", "who submitted it died before it could begin")
    return _living(handle, folder, process.state if process else "R")


def is_elsewhere(record: Record) -> bool:
    """Whether the job is another host's, so that nothing can be said or done from here."""
    here = machine.here()
    return record.boot != here.boot and record.host != here.host


def is_in_other_namespace(record: Record) -> bool:
    """Whether the job lives on this kernel where its process id means nothing to us: in another container."""
    here = machine.here()
    return record.boot == here.boot and record.namespace != here.namespace


def bury(record: Record, folder: JobFolder, children: Children) -> End:
    """End what a dead launcher left running, keep how it ended, and return that."""
    processes.kill_members(record.identity, folder.mark)
    end = folder.end() or _death(record, folder, children.status(record.pid))
    folder.write_end(end)
    return end


def _end_now(record: Record, folder: JobFolder, children: Children) -> End | None:
    here = machine.here()
    if is_elsewhere(record) or _is_alive(record, folder):
        return None
    if end := folder.end():  # it was written between our two looks
        return end
    if record.boot != here.boot and folder.has_begun:
        return End(None, Cause.INTERRUPTED, "the machine was started anew while it ran")
    if folder.has_begun or children.status(record.pid):
        # A template may have become it since the record was read; it says so before it begins.
        newest = folder.record() or record
        return bury(record, folder, children) if newest == record else _end_now(newest, folder, children)
    return None


def _is_alive(record: Record, folder: JobFolder) -> bool:
    if is_in_other_namespace(record):
        return folder.is_locked
    return record.boot == machine.here().boot and processes.find(record.identity) is not None


def _death(record: Record, folder: JobFolder, status: int | None) -> End:
    if not folder.has_begun and status is not None and os.WIFEXITED(status):
        return End(os.WEXITSTATUS(status), Cause.SETUP)
    number = os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else None
    if number in (None, signal.SIGKILL) and (reason := _memory_reason(record, folder)):
        return End(None, Cause.OUT_OF_MEMORY, reason)
    by = f"by {signal.Signals(number).name}" if number else "before it could say how it ended"
    return End(None, Cause.LOST, f"its process was killed {by}")


def _memory_reason(record: Record, folder: JobFolder) -> str | None:
    limit = limits.kept(folder.path)
    if limit is not None and limit.group is not None:
        return limits.killed_for_memory(folder.path)
    return "the kernel killed it for want of memory" if machine.out_of_memory_kills() > record.memory_kills else None


def _last_line(folder: JobFolder) -> str:
    lines = folder.output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


def _ended(handle: Handle, folder: JobFolder, end: End) -> Observation:
    raw = f"exit {end.code}" if end.code is not None else "killed"
    if end.code == 0:
        return Observation(handle, State.SUCCEEDED, raw)
    if folder.is_cancelled:
        return Observation(handle, State.CANCELLED, raw, "it was cancelled", Cause.CANCELLED)
    reason = end.reason or f"its process ended with exit code {end.code}: {_last_line(folder)}"
    return Observation(handle, State.FAILED, raw, reason, Cause(end.cause) if end.cause else None)


def _living(handle: Handle, folder: JobFolder, letter: str) -> Observation:
    if folder.is_cancelled:
        return Observation(handle, State.STOPPING, letter, "it was told to end")
    if not folder.has_begun:
        return Observation(handle, State.STARTING, letter)
    if reason := folder.waits_for:
        return Observation(handle, State.QUEUED, letter, reason)
    return Observation(handle, state_of(letter), letter, _REASONS.get(letter, ""))
