"""Handing a run's events to one observer: a process of its own at the end of a pipe, and a thread that feeds it.

The driver only puts events into a queue. What the observer does, how slow it is and how it dies is no
matter of the driver's; where the driver dies, the pipe ends, and the observer sends what it has.
"""

import subprocess
import sys
import threading
import time
from queue import SimpleQueue

from moorage.journal import Event, Journal
from moorage.observe.configured import TITLES, ObserverName
from moorage.observe.watched import Watched, environment_of_observers

LIMIT = 20_000
"""How many events may wait for an observer before it is given up."""

LONGEST_ANSWER = 2_000
"""How many characters of an observer's complaint are read."""

_SOON_SECONDS = 0.1


class Feed:
    """Feeds one observer with the durable events of `journal`."""

    def __init__(self, name: ObserverName, watched: Watched, journal: Journal) -> None:
        self._name, self._watched, self._journal = name, watched, journal
        self._queue: SimpleQueue[tuple[int, Event] | None] = SimpleQueue()
        self._ends, self._too_late = threading.Event(), threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._trouble = ""
        self._thread = threading.Thread(target=self._work, name=f"moorage-{name}", daemon=True)
        self._thread.start()

    def note(self, event: Event) -> None:
        """Hand over an event that was just noted in the journal; returns at once."""
        if self._trouble:
            return
        if self._queue.qsize() >= LIMIT:
            self._trouble = f"it fell {LIMIT} events behind; it knows only what came before"
            return
        self._queue.put((self._journal.noted, event))

    def end(self) -> None:
        """Say that no event follows; of those that are there, the durable ones are still handed over."""
        self._ends.set()
        self._queue.put(None)

    def close(self, deadline: float) -> str:
        """Wait until the observer has ended, at most until `deadline` (monotonic), and return its trouble or ""."""
        self._thread.join(max(deadline - time.monotonic(), 0))
        if self._thread.is_alive():
            self._trouble = self._trouble or "it did not get rid of everything in time; the rest is lost"
            self._too_late.set()
            if self._process:
                self._process.kill()
            self._thread.join(1)
        return f"{TITLES[self._name]}: {self._trouble}" if self._trouble else ""

    def _work(self) -> None:
        try:
            with _start(self._name) as self._process:
                if self._too_late.is_set():
                    self._process.kill()
                self._hand_over(self._process)
                answer = _answer(self._process)
        except OSError as error:
            answer = f"its process cannot be started ({error})"
        self._trouble = self._trouble or answer

    def _hand_over(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin
        try:
            with process.stdin as pipe:
                pipe.write(self._watched.to_line())
                while (item := self._queue.get()) is not None and self._is_durable(item[0]):
                    pipe.write(item[1].model_dump_json().encode() + b"\n")
                    if self._queue.empty() or item[0] == self._journal.durable:
                        pipe.flush()  # what is durable is told, even if the driver dies while the next is not
        except BrokenPipeError:
            pass  # it ended early, and says why

    def _is_durable(self, number: int) -> bool:
        # What never becomes durable, another driver does: telling it would tell it twice.
        while number > self._journal.durable:
            if self._ends.wait(_SOON_SECONDS):
                return number <= self._journal.durable
        return True


def _start(name: ObserverName) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "moorage.observe", name.value],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment_of_observers(),
        start_new_session=True,  # Ctrl-C is for the driver; the observer ends when the pipe does
    )


def _answer(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout
    said = process.stdout.read(LONGEST_ANSWER).decode("utf-8", "replace")
    status = process.wait()
    return " ".join(said.split()) or (f"its process ended with status {status}" if status else "")
