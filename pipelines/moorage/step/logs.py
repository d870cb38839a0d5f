"""Turn what a step prints into time-stamped lines of bounded size. Pure: no store, no pipe."""

from collections import deque

from moorage.step.paths import utc
from moorage.step.scrub import Scrubber

HEAD_BYTES = 16 * 2**20
"""So much stamped text is kept from the start of an attempt,"""
TAIL_BYTES = 2**20
"""and so much of what was printed last; what lies between is counted and dropped."""
LINE_BYTES = 2**16
"""A longer line is broken into several."""
_TOGETHER_SECONDS = 1.0


class Lines:
    """The lines of one attempt, in order, scrubbed and stamped with the time they were read, then `label`.

    Beyond `HEAD_BYTES` no work is done per line, so that a step that prints gigabytes is
    neither held up nor kept in memory.
    """

    def __init__(
        self, scrubber: Scrubber, head_bytes: int = HEAD_BYTES, tail_bytes: int = TAIL_BYTES, label: bytes = b""
    ) -> None:
        self._scrubber = scrubber
        self._label = label
        self._left = head_bytes
        self._tail = _Tail(tail_bytes)
        self._pending = b""

    def feed(self, data: bytes, now: float) -> bytes:
        """Take what was read at `now` (Unix seconds) and return the stamped text that is ready."""
        parts = []
        for start in range(0, len(data), LINE_BYTES):
            if self._left <= 0:
                self._tail.add(self._pending + data[start:], now)
                self._pending = b""
                break
            parts.append(self._take(data[start : start + LINE_BYTES], now))
            self._left -= len(parts[-1])
        return b"".join(parts)

    def finish(self, now: float) -> bytes:
        """Return all the text that is left; the last line needs no newline."""
        parts = []
        chunks, dropped = self._tail.take(self._scrubber.reach)
        if dropped:
            parts.append(self._stamped(f"… {dropped:,} bytes left out …\n".encode(), now))
        for when, chunk in chunks:
            parts += [self._take(chunk[at : at + LINE_BYTES], when) for at in range(0, len(chunk), LINE_BYTES)]
        if self._pending:
            parts.append(self._finished(self._pending + b"\n", now))
            self._pending = b""
        return b"".join(parts)

    def _take(self, data: bytes, now: float) -> bytes:
        text = self._pending + data
        end = text.rfind(b"\n") + 1
        lines, self._pending = text[:end], _last_state(text[end:])
        broken = self._break() if len(self._pending) > LINE_BYTES + self._scrubber.reach else b""
        return self._finished(lines + broken, now)

    def _break(self) -> bytes:
        # Scrubbed first, a secret that has only begun lies wholly in what is kept back.
        text = self._scrubber.scrub(self._pending)
        cut = max(0, len(text) - max(self._scrubber.reach, 4))
        while cut > 0 and text[cut] & 0xC0 == 0x80:
            cut -= 1  # not through the middle of a character
        self._pending = text[cut:]
        return text[:cut] + b"\n" if cut else b""

    def _finished(self, lines: bytes, now: float) -> bytes:
        if not lines:
            return b""
        if b"\r" in lines:
            lines = b"\n".join(_last_state(line).rstrip(b"\r") for line in lines.split(b"\n"))
        scrubbed = self._scrubber.scrub(lines)
        return self._stamped(scrubbed.decode("utf-8", "replace").encode(), now)

    def _stamped(self, lines: bytes, now: float) -> bytes:
        stamp = utc(now).encode() + b" " + self._label
        return stamp + lines[:-1].replace(b"\n", b"\n" + stamp) + b"\n"


class _Tail:
    def __init__(self, size: int) -> None:
        self._size = size
        self._chunks: deque[tuple[float, bytearray]] = deque()
        self._kept = self._dropped = 0

    def add(self, data: bytes, now: float) -> None:
        self._kept += len(data)
        last = self._chunks[-1] if self._chunks else None
        if last and now - last[0] < _TOGETHER_SECONDS and len(last[1]) < LINE_BYTES:
            last[1].extend(data)
        else:
            self._chunks.append((now, bytearray(data)))
        while self._kept - len(self._chunks[0][1]) >= self._size:
            _, chunk = self._chunks.popleft()
            self._kept -= len(chunk)
            self._dropped += len(chunk)

    def take(self, reach: int) -> tuple[list[tuple[float, bytes]], int]:
        chunks = [(when, bytes(chunk)) for when, chunk in self._chunks]
        if chunks and self._dropped:
            when, first = chunks[0]
            first = first[-self._size :]
            # The first line is not whole, and neither may be a secret in it.
            start = first.find(b"\n") + 1 or min(reach, len(first))
            self._dropped += len(chunks[0][1]) - len(first) + start
            chunks[0] = (when, first[start:])
        self._chunks.clear()
        return chunks, self._dropped


def _last_state(line: bytes) -> bytes:
    # A progress bar rewrites its line after each carriage return; what stays on a screen is the last.
    if b"\r" not in line:
        return line
    end = len(line) - len(line.rstrip(b"\r"))
    return line[: len(line) - end].rpartition(b"\r")[2] + b"\r" * bool(end)
