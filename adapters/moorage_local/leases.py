"""GPUs belong to one job at a time on the whole machine: a lock per GPU, held by the job's own process.

The locks are files in a folder that all users share. A lock goes with the process that holds it, however that ends.
"""

import fcntl
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from moorage.frozen import Frozen
from moorage_local import machine
from moorage_local.nvml import failures
from moorage_local.taking import NotGiven

LOCK_FOLDERS = (Path("/run/lock"), Path("/tmp"))
"""Where the locks are: in the first of these that can be written."""

_PAUSE_SECONDS = 0.1
_LOOK_AGAIN_SECONDS = 10.0


class Lease(Frozen):
    """GPUs of one model that are ours while the descriptors are open."""

    model: str
    uuids: tuple[str, ...]
    descriptors: tuple[int, ...]


def lease(models: Mapping[str, Sequence[str]], count: int, waits: Callable[[], object]) -> Lease:
    """Return `count` GPUs of the first model that has them; `waits` is called once if others have them now.

    Waits for as long as it takes. Raises NotGiven when so many GPUs have failed that it would be for ever.
    """
    look_at, waiting = 0.0, False
    while True:
        if time.monotonic() >= look_at:
            sound, look_at = _sound(models, count), time.monotonic() + _LOOK_AGAIN_SECONDS
        for model, uuids in sound.items():
            if found := _take(uuids, count):
                return Lease(model, *found)
        if not waiting:
            waits()
            waiting = True
        time.sleep(_PAUSE_SECONDS * random.uniform(0.5, 1.5))  # two that want both of two GPUs take turns


def mark_failed(uuid: str, why: str) -> None:
    """Let no job have the GPU again before the machine is started anew, or somebody removes the mark."""
    with suppress(OSError):
        descriptor = os.open(lock_file(uuid), os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{machine.here().boot} {why}")


def lock_file(uuid: str) -> Path:
    """Return the file whose lock is the GPU's; all users of the machine may open it."""
    folder = next((each for each in LOCK_FOLDERS if os.access(each, os.W_OK)), LOCK_FOLDERS[-1])
    return folder / f"moorage-gpu-{uuid.replace('/', '-')}.lock"


def _sound(models: Mapping[str, Sequence[str]], count: int) -> dict[str, list[str]]:
    names = {uuid: model for model, uuids in models.items() for uuid in uuids}
    failed = {**{uuid: why for uuid in names if (why := _mark(uuid))}, **failures(tuple(names))}
    sound = {model: [uuid for uuid in uuids if uuid not in failed] for model, uuids in models.items()}
    enough = {model: uuids for model, uuids in sound.items() if len(uuids) >= count}
    if not enough:
        raise NotGiven("; ".join(f"the GPU {names[uuid]} ({uuid}) failed: {why}" for uuid, why in failed.items()))
    return enough


def _mark(uuid: str) -> str | None:
    try:
        boot, _, why = lock_file(uuid).read_text(encoding="utf-8").partition(" ")
    except FileNotFoundError:
        return None
    return f"{why} (to use it again, empty {lock_file(uuid)})" if boot == machine.here().boot else None


def _take(uuids: Sequence[str], count: int) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
    held: dict[str, int] = {}
    for uuid, descriptor in _free(uuids):
        held[uuid] = descriptor
        if len(held) == count:
            return tuple(held), tuple(held.values())
    for descriptor in held.values():
        os.close(descriptor)
    return None


def _free(uuids: Sequence[str]) -> Iterator[tuple[str, int]]:
    for uuid in uuids:
        descriptor = _open(lock_file(uuid))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        yield uuid, descriptor


def _open(file: Path) -> int:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        with suppress(FileNotFoundError):
            return os.open(file, flags)
        with suppress(FileExistsError):  # the kernel refuses O_CREAT alone for another user's file in such a folder
            descriptor = os.open(file, flags | os.O_CREAT | os.O_EXCL, 0o666)
            os.fchmod(descriptor, 0o666)
            return descriptor
