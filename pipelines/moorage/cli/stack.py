"""`moorage env up`, `preview` and `down`: Pulumi for one environment, after a look at what would stop it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from moorage.cli.options import project_option
from moorage.errors import SpecError, TargetError

Command = TypeVar("Command", bound=Callable[..., object])


def stack_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the stacks whose files lie where `moorage init` puts them."""
    names = [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in Path("stacks").glob("Pulumi.*.yaml")]
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


def stack_argument(command: Command) -> Command:
    """Add `NAME`, of a stack."""
    return click.argument("name", shell_complete=stack_names)(command)


def skip_option(command: Command) -> Command:
    """Add `--skip CHECK` as `skip`."""
    said = "Leave this check out; may be given many times."
    return click.option("--skip", multiple=True, metavar="CHECK", help=said)(command)


def more_argument(command: Command) -> Command:
    """Add `[-- OPTION...]` as `more`: what Pulumi takes besides."""
    return click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[-- PULUMI-OPTION...]")(command)


@click.command("up")
@stack_argument
@skip_option
@click.option("--yes", is_flag=True, help="Do not ask before something is changed.")
@project_option
@more_argument
def up(name: str, skip: tuple[str, ...], yes: bool, project: Path | None, more: tuple[str, ...]) -> None:
    """Make an environment what its stack says, and keep its document: `moorage run -e NAME` works at once.

    Before Pulumi starts, checks are made, each by its name; the lock and the operations that a killed update left
    are put right.
    """
    from moorage.cli.stackwork import opened

    agreed = _agreed(yes, f"moorage env up {name} --yes")
    work = opened(name, project)
    work.check(frozenset(skip))
    work.begin()
    work.run("up", *agreed, *more)
    work.keep()


@click.command("preview")
@stack_argument
@skip_option
@project_option
@more_argument
def preview(name: str, skip: tuple[str, ...], project: Path | None, more: tuple[str, ...]) -> None:
    """Show what `env up` would change, after the same checks; nothing is changed.

    Pulumi compares with what the stack made, not with what is there now: that is `env drift`.
    """
    from moorage.cli.stackwork import opened

    work = opened(name, project)
    work.check(frozenset(skip))
    work.make()
    options = () if _is_interactive() else ("--non-interactive",)
    work.run("preview", *options, *more)


@click.command("down")
@stack_argument
@click.option("--yes", is_flag=True, help="Do not ask for the name.")
@project_option
@more_argument
def down(name: str, yes: bool, project: Path | None, more: tuple[str, ...]) -> None:
    """Remove an environment: all that its stack made, and what is in it. The object store is not touched.

    What is protected has to be made unprotected first, in the stack's file.
    """
    from moorage.cli.stackwork import opened

    _agreed(yes, f"moorage env down {name} --yes")
    work = opened(name, project)
    work.refuse_protected()
    if not yes and click.prompt(f"This removes {work.size()}. Its name, to go on", err=True) != name:
        raise SpecError("that is not its name; nothing was changed", fix=f"moorage env down {name}")
    work.begin()
    agreed = ("--yes", "--skip-preview", *(() if _is_interactive() else ("--non-interactive",)))
    work.run("destroy", *agreed, *more)
    work.forget()


def _agreed(yes: bool, fix: str) -> tuple[str, ...]:
    if yes:
        return ("--yes",) if _is_interactive() else ("--yes", "--non-interactive")
    if not _is_interactive():
        raise TargetError("there is nobody to ask: this is no terminal", fix=fix)
    return ()


def _is_interactive() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
