"""What `env up`, `preview` and `down` share: one stack, opened, and what is done with it besides calling Pulumi."""

from collections.abc import Set
from functools import cached_property
from pathlib import Path

import click

from moorage.cli import output
from moorage.cli.kept import forget, keep
from moorage.errors import PlatformError, TargetError
from moorage.operations import Operations
from moorage.project import find_root
from moorage.registry import adapter
from moorage.stacks.engine import Ended, Engine, Locked, NoStack, State
from moorage.stacks.locks import said_locks
from moorage.stacks.pending import declared, protected
from moorage.stacks.platforms import operations
from moorage.stacks.preflight import Checked, preflight
from moorage.stacks.project import StackFile, stack_file
from moorage.stacks.readiness import readiness
from moorage.stacks.recovery import free, repair

COLOURS = {"ok": "green", "failed": "red", "skipped": "bright_black"}
COMMANDS = {"up": "up", "preview": "preview", "destroy": "down"}
SHOWN = 4
WIDTH = len("skipped")


def opened(name: str, project: Path | None) -> "Work":
    """Return the stack of that name. Raises SpecError when the project has none, or nobody its platform."""
    file = stack_file(name, find_root(project or Path.cwd()))
    platform = operations(file.platform)
    if platform is None:
        adapter(file.platform)  # a platform that nobody knows is told before all else
    return Work(file, platform)


class Work:
    """One stack of a project, and what its platform brings for it."""

    def __init__(self, file: StackFile, platform: Operations | None) -> None:
        self.file, self.platform = file, platform

    @cached_property
    def engine(self) -> Engine:
        """Pulumi for this stack. Raises TargetError where there is none."""
        return Engine(self.file.root, self.file.name)

    def check(self, skip: Set[str]) -> None:
        """Make all checks but those. Raises TargetError when one fails."""
        sdk = self.platform.sdk if self.platform else ""
        more = self.platform.checks(self.file.settings, self.file.name) if self.platform else ()
        preflight((readiness(self.file, sdk, lambda: self.engine), *more), skip, tell)

    def make(self) -> State:
        """Return the stack's state; a stack that is not there is made, empty."""
        try:
            return self.engine.state()
        except NoStack:
            output.note(f"the stack {self.file.name} is new")
            self.engine.make()
            return self.engine.state()

    def begin(self) -> None:
        """Put right what a killed update left."""
        free(self.engine, self.file, output.note)
        try:
            self._repair()
        except Locked as locked:  # the back end is a bucket: only Pulumi sees its locks, when it is in their way
            free(self.engine, self.file, output.note, locked.locks)
            self._repair()

    def run(self, command: str, *options: str) -> None:
        """Call Pulumi; a lock that only it can see is looked at, and where nobody holds it, it is called again.

        Raises PlatformError when it did not end well, Abort when somebody stopped it.
        """
        ended = self.engine.show(command, *options)
        locks = said_locks(ended.said) if ended.status and not ended.interrupted else ()
        if locks and free(self.engine, self.file, output.note, locks):
            ended = self.engine.show(command, *options)
        self._refuse_unwell(ended, COMMANDS[command])

    def keep(self) -> None:
        """Keep the document that the stack exports."""
        keep(self.engine.output(), self.file.name, self.file.root)

    def forget(self) -> None:
        """Let go of the document: there is no such place any more."""
        forget(self.file.name, self.file.root)

    def size(self) -> str:
        """Return how much the stack holds, in words."""
        count = len(declared(self.engine.state()))
        return f"the environment {self.file.name!r}, {count} {'resource' if count == 1 else 'resources'}"

    def refuse_protected(self) -> None:
        """Return when nothing of the stack is protected. Raises TargetError with what is, NoStack for none."""
        try:
            kept = protected(self.engine.state())
        except NoStack as error:
            name = self.file.name
            raise NoStack(f"there is nothing to remove: no stack {name!r} was made", fix="moorage env list") from error
        if kept:
            name = self.file.name
            fix = f"set `protect: false` in {self.file.path}, moorage env up {name}, then: moorage env down {name}"
            more = f" and {len(kept) - SHOWN} more" if len(kept) > SHOWN else ""
            verb = "is" if len(kept) == 1 else "are"
            raise TargetError(f"{', '.join(kept[:SHOWN])}{more} {verb} protected; nothing was changed", fix=fix)

    def _repair(self) -> None:
        repair(self.engine, self.file, self.platform, self.make(), output.note)

    def _refuse_unwell(self, ended: Ended, command: str) -> None:
        if ended.interrupted:
            raise click.Abort
        if ended.status:
            seen = f"pulumi did not end well (exit status {ended.status}); its own words are above"
            fix = f"do what they say, then: moorage env {command} {self.file.name}; it goes on where this ended"
            raise PlatformError(seen, fix=fix)


def tell(checked: Checked) -> None:
    """Print what came of one check."""
    verdict = click.style(checked.verdict.ljust(WIDTH), fg=COLOURS[checked.verdict])
    output.note(f"{verdict}  {checked.name.ljust(WIDTH)}  {checked.seen}".rstrip())
    if checked.verdict == "failed" and checked.fix:
        output.note(f"{' ' * (2 * WIDTH + 4)}fix: {checked.fix}")
