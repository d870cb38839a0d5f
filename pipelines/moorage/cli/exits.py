"""How a command ends: its exit code, and the sentence for each way in which it can go wrong."""

import io
import os
import sys
from collections.abc import Sequence
from enum import IntEnum

import click

from moorage.cli.root import root
from moorage.errors import EXTRAS, MoorageError, Problem


class Exit(IntEnum):
    """The exit codes of every command."""

    OK = 0
    FAILED = 1
    TELL_USER = 2
    OUR_FAULT = 70
    INTERRUPTED = 130
    NOBODY_READS = 141


TRACEBACK_VARIABLE = "MOORAGE_TRACEBACK"
"""Set to anything, it makes errors end with a traceback."""

COMPLETE_VARIABLE = "_MOORAGE_COMPLETE"
"""Set by the shell's completion script, which wants words instead of a run."""


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code; what went wrong is on stderr, in sentences."""
    if os.environ.get(COMPLETE_VARIABLE):
        root.main(list(arguments), prog_name="moorage", complete_var=COMPLETE_VARIABLE)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character is no reason to fail
    try:
        code = _call(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        return _nobody_reads()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place that must know them all
        if os.environ.get(TRACEBACK_VARIABLE):
            _print_traceback(error)
        return _explain(error)
    return code


def _call(arguments: Sequence[str]) -> int:
    settings: dict[str, bool] = {"color": False} if "NO_COLOR" in os.environ else {}
    try:
        with root.make_context("moorage", list(arguments), **settings) as context:  # type: ignore[arg-type]
            root.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return Exit.OK


def _explain(error: BaseException) -> int:
    match error:
        case MoorageError():
            for problem in error.problems:
                print_problem(problem)
            return Exit.TELL_USER
        case KeyboardInterrupt() | click.Abort():
            click.echo(err=True)
            return Exit.INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.message, err=True)
            return Exit.TELL_USER
        case click.ClickException():
            print_problem(_usage(error))
            return Exit.TELL_USER
        case ModuleNotFoundError() if (error.name or "").partition(".")[0] in EXTRAS:
            print_problem(_not_installed(error.name or ""))
            return Exit.TELL_USER
        case OSError() if error.filename is not None:
            print_problem(Problem(f"{os.fsdecode(error.filename)}: {error.strerror}", fix="look at the path's rights"))
            return Exit.TELL_USER
    print_problem(_fault(error))
    return Exit.OUR_FAULT


def print_problem(problem: Problem) -> None:
    """Print a problem and its fix on stderr, as every command does."""
    word = click.style("error:", fg="red", bold=True)
    where = f"{problem.where}: " if problem.where else ""
    click.echo(f"{word} {where}{problem.message}", err=True)
    if problem.fix:
        click.echo(f"  fix: {problem.fix}", err=True)


def _usage(error: click.ClickException) -> Problem:
    message = error.format_message().rstrip(".").removeprefix("Invalid value for ").removesuffix(" range")
    context = error.ctx if isinstance(error, click.UsageError) else None
    return Problem(message[:1].lower() + message[1:], fix=f"{context.command_path if context else 'moorage'} --help")


def _not_installed(module: str) -> Problem:
    package = module.partition(".")[0]
    return Problem(f"this needs {package}, which is not installed", fix=f"pip install 'moorage[{EXTRAS[package]}]'")


def _fault(error: BaseException) -> Problem:
    seen = f"{type(error).__name__}: {error}".splitlines()[0]
    return Problem(
        f"moorage met something that it did not expect ({seen})",
        fix=f"this is a fault of moorage; {TRACEBACK_VARIABLE}=1 before the same command shows where, for a report",
    )


def _print_traceback(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)


def _nobody_reads() -> int:
    # The interpreter flushes stdout once more at exit, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.NOBODY_READS
