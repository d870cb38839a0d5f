"""Real `moorage` processes on a project of their own, and what they leave behind."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from moorage.runs.api import open_place, start
from moorage.store import Store

PATIENCE_SECONDS = 240.0
"""How long a test waits for something before it fails; never how long it takes."""


class Project:
    """A folder with a pipeline; `effects` counts what its steps wrote down, by step and attempt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".moorage").mkdir(parents=True)
        self.written = folder / "effects"
        self.written.touch()

    @cached_property
    def store(self) -> Store:
        return open_place("local", self.folder).store

    @property
    def note(self) -> str:
        """The shell command by which an attempt writes down that it runs."""
        return f'echo "$MOORAGE_STEP_NAME $MOORAGE_ATTEMPT" >> {self.written}'

    @property
    def effects(self) -> Counter[tuple[str, int]]:
        lines = (line.split() for line in self.written.read_text().splitlines())
        return Counter((step, int(attempt)) for step, attempt in lines)

    def make(self, steps: Sequence[Mapping[str, Any]], **fields: Any) -> str:
        """Make a run that nobody drives yet, and return its id."""
        spec = self.folder / "pipeline.yaml"
        spec.write_text(yaml.safe_dump({"name": "faults", "steps": list(steps), **fields}))
        return start(spec, project=self.folder)[1]

    def segments(self, run: str) -> int:
        """How many segments its journal has."""
        return len(os.listdir(f"{self.store.root}/runs/{run}/journal"))

    @contextmanager
    def moorage(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """Yield a started command; it is gone afterwards."""
        process = subprocess.Popen(
            [sys.executable, "-m", "moorage", *arguments],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def call(self, *arguments: str) -> tuple[int, str]:
        """Run a command to its end and return its exit code and what it said on stderr."""
        with self.moorage(*arguments) as process:
            _, said = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, said


def until(what: Callable[[], Any], every_seconds: float = 0.005) -> Any:
    """Return the first true value of `what`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if value := what():
            return value
        time.sleep(every_seconds)
    raise AssertionError("it did not happen in time")
