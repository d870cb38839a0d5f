"""Pulumi's CLI, called: the only place that does."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from moorage.errors import NotFound, PlatformError, TargetError
from moorage.frozen import Frozen
from moorage.stacks.locks import Lock, said_locks

QUIET = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
LOGGED = {"PULUMI_DEBUG_COMMANDS": "true"}  # `--event-log` is there only with it

_SAYS_LITTLE = re.compile(r"(\w+ failed|\d+ errors? occurred:|an unhandled error occurred.*|)")

State = dict[str, Any]
"""A stack's state as `pulumi stack export` writes it; secrets in it are encrypted."""


class NoStack(NotFound):
    """The back end has no stack of that name."""


class Locked(PlatformError):
    """Somebody holds the stack, or held it when he was killed; `locks` are what Pulumi names."""

    locks: tuple[Lock, ...] = ()


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
            self._refuse(words[0], ended.stdout, ended.stderr)
        return ended.stdout

    def ask_stack(self, *words: str, environ: Mapping[str, str] = {}) -> str:
        """Return what a command about this stack prints; raises as `ask`."""
        return self.ask(*words, "--stack", self.stack, environ=environ)

    @cached_property
    def backend(self) -> str:
        """Where states are kept, as a URL. Raises PlatformError when nobody is logged in."""
        return str(self._parsed(self.ask("whoami", "--json"))["url"])

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the project's other stacks."""
        names = [str(each["name"]) for each in self._parsed(self.ask("stack", "ls", "--json"))]
        return tuple(name for name in names if name.rpartition("/")[2] != self.stack)

    def output(self) -> object:
        """Return the stack's output `environment`."""
        return self._parsed(self.ask_stack("stack", "output", "environment", "--json"))

    def state(self) -> State:
        """Return the stack's state. Raises NoStack."""
        state: State = self._parsed(self.ask_stack("stack", "export"))
        return state

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

    def _parsed(self, said: str) -> Any:
        try:
            return json.loads(said)
        except ValueError as error:
            raise PlatformError(f"pulumi said: {said.strip()[:200]}", fix=f"pulumi stack -s {self.stack}") from error

    def _refuse(self, command: str, out: str, err: str) -> NoReturn:
        said = what_failed(out, err)
        if said.startswith("no stack named"):
            raise NoStack(f"pulumi said: {said}", fix=f"make it: moorage env up {self.stack}")
        if "does not have output property" in said:
            seen = f"the stack {self.stack!r} has no output `environment`: it was not made, or was removed"
            raise NotFound(seen, fix=f"moorage env up {self.stack}")
        if locks := said_locks(err):
            locked = Locked(f"pulumi {command} said: {said}", fix=f"moorage env up {self.stack} looks who it is")
            locked.locks = locks
            raise locked
        if "failed to load checkpoint: EOF" in said:
            raise PlatformError(f"pulumi {command} said: {said}", fix=f"moorage env up {self.stack} mends that")
        fix = f"mend what it names; in full it says it to: pulumi {command} -s {self.stack}"
        raise PlatformError(f"pulumi {command} said: {said}", fix=fix)


def find_program(otherwise: str = "") -> str:
    """Return where the `pulumi` of this machine is. Raises TargetError; `otherwise` is what else would do."""
    program = shutil.which("pulumi")
    if program is None:
        fix = f"install it, or: {otherwise}" if otherwise else "install it"
        raise TargetError("there is no `pulumi` on this machine to ask", fix=fix)
    return program


def what_failed(out: str, err: str) -> str:
    """Return the first thing that Pulumi calls an error, on one line; of those that only say that it failed, none."""
    lines = [" ".join(line.split()) for line in (*err.splitlines(), *out.splitlines()) if line.strip()]
    errors = [line.partition("error: ")[2] for line in lines if "error: " in line]
    telling = [line for line in errors if not _SAYS_LITTLE.fullmatch(line)]
    return (telling or errors or lines or ["nothing"])[0]


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
