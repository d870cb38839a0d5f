"""Pulumi's CLI, called: the only place that does."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from moorage.errors import NotFound, PlatformError, TargetError
from moorage.frozen import Frozen

QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
LOGGED = {"PULUMI_DEBUG_COMMANDS": "true"}  # `--event-log` is there only with it

State = dict[str, Any]
"""A stack's state as `pulumi stack export` writes it; secrets in it are encrypted."""


class NoStack(NotFound):
    """The back end has no stack of that name."""


class Ended(Frozen):
    """How a command ended: its exit status, what it wrote to stderr, and whether somebody told it to stop."""

    status: int
    said: str
    interrupted: bool = False


class Engine:
    """One stack of the project in the folder `root`."""

    def __init__(self, root: Path, stack: str, program: str | None = None) -> None:
        self.root, self.stack = root, stack
        self.program = program or find_program(
            f"moorage env pull {stack} --from FILE, with the stack's `environment` in FILE"
        )

    def show(self, command: str, *options: str) -> Ended:
        """Run a command whose output is the user's to see, and whose questions are the user's to answer."""
        called = [self.program, command, "--stack", self.stack, *options]
        process = subprocess.Popen(
            called, cwd=self.root, env={**os.environ, **QUIET}, stderr=subprocess.PIPE, text=True
        )
        with process, _signals_are_for(process) as signals:
            status, said = _shown(process)
        return Ended(status, said, bool(signals))

    def ask(self, *words: str, environ: Mapping[str, str] = {}) -> str:
        """Return what a command prints. Raises NoStack, or PlatformError with what it said."""
        called = [self.program, *words, "--non-interactive"]
        ended = subprocess.run(
            called, cwd=self.root, env={**os.environ, **QUIET, **environ}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if ended.returncode:
            self._refuse(words, ended.stderr.strip() or ended.stdout.strip())
        return ended.stdout

    def ask_stack(self, *words: str, environ: Mapping[str, str] = {}) -> str:
        """Return what a command about this stack prints; raises as `ask`."""
        return self.ask(*words, "--stack", self.stack, environ=environ)

    def output(self) -> object:
        """Return the stack's output `environment`."""
        return self._json("stack", "output", "environment", "--json")

    def state(self) -> State:
        """Return the stack's state. Raises NoStack."""
        found = self._json("stack", "export")
        if not isinstance(found, dict):
            raise PlatformError("pulumi exported no state", fix=f"look with: pulumi stack export -s {self.stack}")
        return found

    def make(self) -> None:
        """Make the stack, empty; the one that is selected stays so."""
        self.ask("stack", "init", self.stack, "--no-select")

    def events(self, command: str, *options: str) -> tuple[Mapping[str, Any], ...]:
        """Run a command that shows nothing, and return what the engine did, but for its debug messages."""
        with tempfile.TemporaryDirectory(prefix="moorage-") as folder:  # nobody else may read it: secrets are in it
            log = Path(folder) / "events"
            log.touch()
            self.ask_stack(command, *options, "--event-log", str(log), environ=LOGGED)
            return tuple(_whole(log.read_text(encoding="utf-8").splitlines()))

    def _json(self, *words: str) -> object:
        said = self.ask_stack(*words)
        try:
            return json.loads(said)
        except ValueError as error:
            raise PlatformError(f"pulumi said: {said.strip()[:200]}", fix=f"pulumi stack -s {self.stack}") from error

    def _refuse(self, words: Sequence[str], said: str) -> NoReturn:
        lines = [line for line in said.splitlines() if line.strip()] or ["nothing"]
        fix = f"look with: pulumi stack -s {self.stack}; make it with: moorage env up {self.stack}"
        if "no stack named" in said:
            raise NoStack(f"pulumi said: {lines[-1].strip()}", fix=fix)
        first = next((line for line in lines if line.startswith("error:")), lines[-1])
        raise PlatformError(f"pulumi {words[0]} said: {first.removeprefix('error:').strip()}", fix=fix)


def find_program(otherwise: str = "") -> str:
    """Return where the `pulumi` of this machine is. Raises TargetError; `otherwise` is what else would do."""
    program = shutil.which("pulumi")
    if program is None:
        fix = f"install it, or: {otherwise}" if otherwise else "install it"
        raise TargetError("there is no `pulumi` on this machine to ask", fix=fix)
    return program


def _shown(process: "subprocess.Popen[str]") -> tuple[int, str]:
    said: list[str] = []
    assert process.stderr is not None
    for line in process.stderr:
        sys.stderr.write(line)
        sys.stderr.flush()
        said.append(line)
    return process.wait(), "".join(said)


@contextmanager
def _signals_are_for(process: "subprocess.Popen[str]") -> Iterator[list[int]]:
    # Ctrl-C reaches the engine by itself: it ends what it is at, and writes its state. Nobody may leave before it.
    came: list[int] = []

    def wait(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    def hand_on(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        process.send_signal(signal.SIGINT)

    before = {signal.SIGINT: signal.signal(signal.SIGINT, wait), signal.SIGTERM: signal.signal(signal.SIGTERM, hand_on)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _whole(lines: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        event = json.loads(line)
        if event.get("diagnosticEvent", {}).get("severity") != "debug":
            yield event
