"""The logs of containers: files in the format of container runtimes, and what the kubelet gives out of them.

A line of a file is `<RFC 3339 time> <stream> <P|F> <text>`; `P` says that the text goes on in the next line.
"""

import datetime as dt
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tests.rigs.kubernetes.node.clock import parsed

FOLLOW_SECONDS = 0.02
"""So often a file that is followed is looked at."""

LINE_BYTES = 16384
"""Longer lines are cut, as container runtimes do it."""


@dataclass(frozen=True)
class Asked:
    """Which lines of a log are wanted."""

    follow: bool = False
    timestamps: bool = False
    tail: int | None = None
    since: dt.datetime | None = None
    limit: int | None = None


class Writer:
    """Writes what comes out of a container. Both its streams are one here, so that their lines keep their order."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._rest = file, b""

    def write(self, data: bytes) -> None:
        """Take some bytes; whole lines are in the file when this returns."""
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(self._cut(line), b"F")
        self._rest = self._cut(rest)
        self._file.flush()

    def close(self) -> None:
        """Write the last line, which has no end."""
        if self._rest:
            self._line(self._rest, b"P")
            self._rest = b""
        self._file.flush()

    def _cut(self, line: bytes) -> bytes:
        while len(line) > LINE_BYTES:
            self._line(line[:LINE_BYTES], b"P")
            line = line[LINE_BYTES:]
        return line

    def _line(self, text: bytes, tag: bytes) -> None:
        at = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()
        self._file.write(b" ".join((at, b"stdout", tag, text)) + b"\n")


def read(file: Path, asked: Asked, ended: Callable[[], bool]) -> Iterator[bytes]:
    """Yield what was asked for; where it is followed, until the container has `ended`."""
    left = asked.limit
    with file.open("rb") as opened:
        for line in _chosen(opened, asked, ended):
            if left is None:
                yield line
                continue
            yield line[:left]
            left -= len(line)
            if left <= 0:
                return


def last(file: Path, lines: int = 80, size: int = 2048) -> str:
    """Return the end of a log, as it becomes the message of a container that failed and left none."""
    if not file.exists():
        return ""
    text = b"".join(read(file, Asked(tail=lines), lambda: True))
    return text[-size:].decode(errors="replace")


def _chosen(opened: BinaryIO, asked: Asked, ended: Callable[[], bool]) -> Iterator[bytes]:
    old = [line for line in opened if line.endswith(b"\n")]
    kept = [shown for line in old if (shown := _shown(line, asked)) is not None]
    yield from kept if asked.tail is None else deque(kept, maxlen=asked.tail)
    if asked.follow:
        # A line that is half written is read again when it is whole.
        opened.seek(sum(map(len, old)))
        yield from (shown for line in _new(opened, ended) if (shown := _shown(line, asked)) is not None)


def _new(opened: BinaryIO, ended: Callable[[], bool]) -> Iterator[bytes]:
    part = b""
    while True:
        over = ended()  # asked before reading: what was written until then is there
        while line := opened.readline():
            part += line
            if part.endswith(b"\n"):
                yield part
                part = b""
        if over:
            return
        time.sleep(FOLLOW_SECONDS)


def _shown(line: bytes, asked: Asked) -> bytes | None:
    at, _, tag, text = line.split(b" ", 3)
    if asked.since and parsed(at.decode()) < asked.since:
        return None
    content = text if tag == b"F" else text[:-1]
    return at + b" " + content if asked.timestamps else content
