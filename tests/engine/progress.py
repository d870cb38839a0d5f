"""What a person sees who waits for the engine: one line per tool, and on a terminal a count while it is built."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

EVERY_SECONDS = 60.0
"""So often, a log that is no terminal shows that the build is alive."""


class Progress:
    """Lines of at most 80 columns; `total` is how many tools are built."""

    def __init__(self, out: TextIO, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._out, self._total, self._clock = out, total, clock
        self._done, self._packages = 0, 0
        self._label = ""
        self._started = self._shown = clock()

    def begin(self, label: str) -> None:
        """The next tool is being built."""
        self._done, self._packages, self._label = self._done + 1, 0, label
        self._started = self._shown = self._clock()
        if self._out.isatty():
            self._live()

    def heard(self, line: str) -> None:
        """Go said something: a module that it downloads, a package that it compiles, or what is wrong."""
        self._packages += " " not in line
        now = self._clock()
        if now - self._shown >= (1.0 if self._out.isatty() else EVERY_SECONDS):
            self._shown = now
            self._live()

    def end(self) -> None:
        """The tool is there."""
        self._line(f"built in {self._clock() - self._started:.0f} s", "\n")

    def say(self, text: str) -> None:
        """Print a line of its own."""
        say(self._out, text)

    def _live(self) -> None:
        doing = f"{self._packages} packages" if self._packages else "downloading"
        self._line(f"{doing}, {self._clock() - self._started:.0f} s", "" if self._out.isatty() else "\n")

    def _line(self, state: str, end: str) -> None:
        again = "\r\x1b[K" if self._out.isatty() else ""
        text = f"engine: {self._done} of {self._total}  {self._label:<34}{state}"
        print(f"{again}{text}", end=end, file=self._out, flush=True)


def say(out: TextIO, text: str) -> None:
    """Print a line that says where it comes from."""
    print(f"engine: {text}", file=out, flush=True)


def short(path: Path) -> str:
    """Return the path as people write it, from their home."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
