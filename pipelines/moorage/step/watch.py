"""Watch a worker until it ends: its pipes, its deadline, and whoever asks to stop it."""

import os
import select
import signal
import time

from moorage.frozen import Frozen
from moorage.states import Cause
from moorage.step.courier import Courier
from moorage.step.descendants import kill_descendants, reap, signal_group
from moorage.step.logs import Lines
from moorage.step.process import PIPE_BYTES, Worker

GRACE_SECONDS = 5.0
"""Between asking a step to stop and killing it."""


class Ending(Frozen):
    """How a worker ended: its wait status, its whole answer if it gave one, and why we ended it if we did.

    `left` counts the processes that it left behind; they were killed.
    """

    status: int
    answer: bytes | None
    stopped: Cause | None
    lost: bool
    left: int


class Signals:
    """The signals that a supervisor acts on, turned into bytes of a pipe that a poll can wait for."""

    def __init__(self) -> None:
        self.cancelled = self.halted = False
        self.pipe, self._in = os.pipe()
        for end in (self.pipe, self._in):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._in, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._cancel)

    def wake(self) -> None:
        """Make the poll return; any thread may call it."""
        try:
            os.write(self._in, b"\0")
        except BlockingIOError:  # it is full: the poll returns anyway
            return

    @property
    def is_stopping(self) -> bool:
        """Whether the step is to end: it was cancelled, or another of its nodes has failed."""
        return self.cancelled or self.halted

    def halt(self) -> None:
        """Let the step end, since another of its nodes has failed; any thread may call it."""
        self.halted = True
        self.wake()

    def drain(self) -> None:
        """Forget the wake-ups that were seen."""
        _read(self.pipe, 4096)

    def _cancel(self, *_: object) -> None:
        self.cancelled = True


class Watch:
    """One worker under watch."""

    def __init__(self, worker: Worker, lines: Lines, courier: Courier, signals: Signals, deadline: float) -> None:
        self._worker, self._lines, self._courier, self._signals = worker, lines, courier, signals
        self._deadline = deadline
        self._stopped: Cause | None = None
        self._kill_at = float("inf")
        self._answer = b""

    def until_ended(self) -> Ending:
        """Return when the worker and all its descendants have ended and all they printed is read.

        `deadline`, in monotonic seconds, and SIGTERM end it: SIGTERM to its group, SIGKILL after the grace.
        """
        poll = select.poll()
        for pipe in (self._worker.log, self._worker.answers, self._signals.pipe):
            poll.register(pipe, select.POLLIN)
        while (status := self._ended()) is None:
            self._stop_if_due()
            for pipe, event in poll.poll(self._wait_ms()):
                self._read(pipe)
                if not event & select.POLLIN:  # closed by the step: nothing more comes, and a poll would spin
                    poll.unregister(pipe)
        left = kill_descendants()
        while self._read(self._worker.log) or self._read(self._worker.answers):
            pass
        answer = self._answer if self._answer.endswith(b"\n") else None
        return Ending(status, answer, self._stopped, self._courier.lost, left)

    def _wait_ms(self) -> float | None:
        due = min(self._courier.begin_if_due(), self._deadline if self._stopped is None else self._kill_at)
        return None if due == float("inf") else max(0.0, (due - time.monotonic()) * 1000 + 1)

    def _read(self, pipe: int) -> bool:
        if pipe == self._signals.pipe:
            self._signals.drain()
            return False
        data = _read(pipe, PIPE_BYTES)
        if pipe == self._worker.answers:
            self._answer += data
        elif data:
            self._courier.add(self._lines.feed(data, time.time()))
        return bool(data)

    def _ended(self) -> int | None:
        return next((status for pid, status in reap() or () if pid == self._worker.pid), None)

    def _stop_if_due(self) -> None:
        now = time.monotonic()
        if self._courier.lost or now >= self._kill_at:
            signal_group(self._worker.pid, signal.SIGKILL)
            self._kill_at = float("inf")
        elif self._stopped is None and (self._signals.is_stopping or now >= self._deadline):
            self._stopped = Cause.CANCELLED if self._signals.is_stopping else Cause.TIMED_OUT
            self._kill_at = now + GRACE_SECONDS
            signal_group(self._worker.pid, signal.SIGTERM)


def _read(pipe: int, size: int) -> bytes:
    try:
        return os.read(pipe, size)
    except BlockingIOError:
        return b""
