"""Say of a step that ran out of memory how much it used, and how much it may use."""

import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

from moorage.frozen import replaced
from moorage.states import Cause
from moorage.step.task import Answer, Failure
from moorage.step.usage import children_usage, own_groups

_LIMITS_AND_PEAKS = {
    "2": ("memory.max", "memory.peak"),
    "1": ("memory.limit_in_bytes", "memory.max_usage_in_bytes"),
}
_PAGE_BYTES = 2**16
_NEAR_SHARE = 0.5
_VICTIM = b"1000"


def offer_as_victim() -> None:
    """Let the kernel, when it must kill for memory, take this process before the one that can tell of it (Linux)."""
    try:
        with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
            file.write(_VICTIM)
    except OSError:
        return


def measured(answer: Answer, status: int, limit_gib: float | None, nodes: int = 1) -> Answer:
    """Return the answer of a worker that ended so; a failure for want of memory says what was used, and what may be."""
    failure = answer.failure
    if failure is not None and limit_gib is not None and _gave_up(status, limit_gib):
        failure = Failure(Cause.OUT_OF_MEMORY, "the step ended itself (SIGABRT), as libraries do that get no memory")
    if failure is None or failure.cause is not Cause.OUT_OF_MEMORY:
        return answer
    said = f"{failure.message}; {usage_sentence(_peak((limit_gib or 0) * nodes), limit_gib)}"
    return replaced(answer, failure=replaced(failure, message=said))


def _gave_up(status: int, limit_gib: float) -> bool:
    # Python raises when it gets no memory; what is written in Rust or C++ aborts.
    aborted = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT
    is_limited = resource.getrlimit(resource.RLIMIT_DATA)[0] != resource.RLIM_INFINITY
    return aborted and is_limited and children_usage()[1] > _NEAR_SHARE * 1024 * limit_gib


def usage_sentence(peak_bytes: int, limit_gib: float | None) -> str:
    """Return the part of a sentence that says what was used, and what may be."""
    allowed = "its spec sets no limit" if limit_gib is None else f"may use {_size(limit_gib * 2**30)}"
    return f"it used up to {_size(peak_bytes)}, and {allowed}"


def _peak(limit_gib: float) -> int:
    # A group with a higher limit is one that the job shares with others.
    ours = limit_gib * 2**30 + _PAGE_BYTES
    peaks = (_number(peak) for limit, peak in _files() if 0 < _number(limit) <= ours)
    return next(filter(None, peaks), 0) or round(children_usage()[1] * 2**20)


def _files() -> Iterator[tuple[Path, Path]]:
    for version, folder in own_groups():
        limit, peak = _LIMITS_AND_PEAKS[version]
        yield folder / limit, folder / peak


def _number(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _size(size: float) -> str:
    unit, name = (2**30, "GiB") if size >= 2**30 else (2**20, "MiB")
    return f"{size / unit:.4g} {name}"
