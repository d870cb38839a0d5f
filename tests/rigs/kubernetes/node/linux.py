"""The few calls of Linux that a container is made of and Python 3.11 has no word for."""

import ctypes
import os
from pathlib import Path

NEW_MOUNTS, NEW_NAMES, NEW_PROCESSES = 0x00020000, 0x04000000, 0x20000000
"""CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWPID."""

READ_ONLY, REMOUNT, BIND, MOVE, RECURSIVE, PRIVATE = 1, 32, 4096, 8192, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

LIBC = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave the named namespaces for new ones."""
    _check(LIBC.unshare(flags), "unshare")


def enter(pid: int) -> None:
    """Join the namespaces of a process; what is forked from then on is in its process namespace, too."""
    opened = [os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in ("uts", "pid", "mnt")]
    for number in opened:
        _check(LIBC.setns(number, 0), "setns")
        os.close(number)


def mount(source: str, target: Path | str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount something; OSError names the target."""
    ours = (source.encode(), os.fsencode(target), kind.encode() or None)
    _check(LIBC.mount(*ours, ctypes.c_ulong(flags), options.encode() or None), str(target))


def bind(source: str, target: Path | str, read_only: bool = False) -> None:
    """Let `target` be what `source` is, with all that is mounted in it."""
    mount(source, target, flags=BIND | RECURSIVE)
    if read_only:
        mount(source, target, flags=BIND | REMOUNT | READ_ONLY)


def die_with_parent(number: int) -> None:
    """Get this signal when the thread that forked us is gone."""
    LIBC.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def name_host(name: str) -> None:
    """Give this namespace a host name."""
    _check(LIBC.sethostname(name.encode(), len(name.encode())), "sethostname")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
