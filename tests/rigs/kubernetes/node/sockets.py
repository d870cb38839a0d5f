"""Gives each pod its own ports: a server that listens on all addresses gets the pod's own instead.

The kernel asks us at each bind(2) and connect(2) of a container (seccomp_unotify(2), Linux 5.6); we do the call on its
socket with another address, or let it pass. A program notices nothing but the address. What a container of a pod
serves is found at `localhost` by the others of that pod, and by no other pod.
"""

import ctypes
import fcntl
import os
import platform
import struct
from contextlib import suppress
from pathlib import Path

from tests.rigs.kubernetes.node.linux import LIBC

_NUMBERS = {"x86_64": (0xC000003E, 49, 42, 317), "aarch64": (0xC00000B7, 200, 203, 277)}
"""By machine: its audit architecture, and the numbers of bind, connect and seccomp (asm/unistd.h)."""

_PIDFD_GETFD = 438
_SET_FILTER, _NEW_LISTENER = 1, 8
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NOTICE, _REPLY = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
_CONTINUE = 1
_INET, _INET6 = 2, 10
_ANY, _ANY6 = bytes(4), bytes(16)
_LOCAL, _LOCAL6 = bytes((127, 0, 0, 1)), bytes(15) + b"\1"
_MAPPED = bytes(10) + b"\xff\xff"


def listen() -> int | None:
    """Have the kernel ask about this process and all that come from it; return what it asks through, if it can."""
    if platform.machine() not in _NUMBERS:
        return None
    architecture, bind, connect, seccomp = _NUMBERS[platform.machine()]
    lines = (
        (0x20, 0, 0, 4), (0x15, 0, 4, architecture),
        (0x20, 0, 0, 0), (0x15, 1, 0, bind), (0x15, 0, 1, connect), (0x06, 0, 0, _ASK), (0x06, 0, 0, _ALLOW),
    )  # fmt: skip
    program = b"".join(struct.pack("=HBBI", *line) for line in lines)
    kept = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(lines), ctypes.addressof(kept))
    found = LIBC.syscall(seccomp, _SET_FILTER, _NEW_LISTENER, header)
    return found if found >= 0 else None


def take(pid: int, number: int) -> int:
    """Return our own copy of a file descriptor of another process; OSError where that cannot be."""
    process = os.pidfd_open(pid)
    try:
        copied = LIBC.syscall(_PIDFD_GETFD, process, number, 0)
    finally:
        os.close(process)
    if copied < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(copied)


class Sockets:
    """Answers what the kernel asks about one container; `ports` is a folder that all containers of the pod share."""

    def __init__(self, listener: int, address: str, ports: Path) -> None:
        self.listener, self._ports = listener, ports
        self._own = bytes(map(int, address.split(".")))
        architecture = _NUMBERS[platform.machine()]
        self._bind = architecture[1]

    def answer(self) -> None:
        """Answer one call, which waits for it."""
        notice = bytearray(_NOTICE.size)
        with suppress(OSError):  # who asked may be gone, before we hear of it or after
            fcntl.ioctl(self.listener, _RECEIVE, notice)
            identity, pid, _, number, _, _, socket, place, size, *_ = _NOTICE.unpack(notice)
            result, flags = 0, _CONTINUE
            with suppress(OSError):
                result, flags = self._do(pid, number == self._bind, socket, _memory(pid, place, min(size, 128)))
            fcntl.ioctl(self.listener, _SEND, _REPLY.pack(identity, 0, result, flags))

    def _do(self, pid: int, binds: bool, socket: int, address: bytes) -> tuple[int, int]:
        other = self._instead(address, binds)
        if other is None:
            return 0, _CONTINUE
        ours = take(_leader(pid), socket)
        try:
            failed = (LIBC.bind if binds else LIBC.connect)(ours, other, len(other)) != 0
            number = ctypes.get_errno() if failed else 0
            if binds and not failed:
                (self._ports / str(_port(address))).touch()
        finally:
            os.close(ours)
        return -number, 0

    def _instead(self, address: bytes, binds: bool) -> bytes | None:
        family = int.from_bytes(address[:2], "little")
        port = _port(address)
        if port == 0:  # the system's choice gets in nobody's way
            return None
        if family == _INET:
            asked, own, head, tail = address[4:8], self._own, address[:4], bytes(8)
        elif family == _INET6:
            asked, own, head, tail = address[8:24], _MAPPED + self._own, address[:8], bytes(4)
        else:
            return None
        known = (self._ports / str(port)).exists()
        if asked in ((_ANY, _ANY6) if binds else (_LOCAL, _LOCAL6, _MAPPED + _LOCAL)) and (binds or known):
            return head + own + tail
        return None


def _port(address: bytes) -> int:
    return int.from_bytes(address[2:4], "big")


def _memory(pid: int, place: int, size: int) -> bytes:
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(place)
        return memory.read(size)


def _leader(thread: int) -> int:
    with open(f"/proc/{thread}/status", encoding="utf-8", errors="replace") as file:
        return int(next(line for line in file if line.startswith("Tgid:")).split()[1])
