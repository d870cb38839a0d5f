"""What `run` and `resume` share: show how it goes, say how to leave it, and report the end."""

from collections.abc import Callable

import click

from moorage.cli import output, summary
from moorage.cli.exits import Exit
from moorage.cli.progress import Watch, watching
from moorage.cli.results import failure_details, registered
from moorage.runs.api import Place, Run
from moorage.states import RunState


def drive_and_report(drive: Callable[[Watch], Run], place: Place, as_json: bool) -> None:
    """Print how the run goes and how it ended; exit code 1 unless it succeeded, 130 when it was left."""
    with watching() as watch:
        run = drive(watch)
    if run.record.finished is None:
        _say_left(run)
        raise click.exceptions.Exit(Exit.INTERRUPTED)
    if as_json:
        output.print_json(summary.run_as_data(run.record, run.state))
    else:
        summary.print_end(run.record, registered(place, run.record), failure_details(place, run.record))
    if run.state is not RunState.SUCCEEDED:
        raise click.exceptions.Exit(Exit.FAILED)


def _say_left(run: Run) -> None:
    where = run.record.where
    output.note(f"\nleft run {run.id}: steps at work finish, and no new ones start")
    for verb, what in (("show", "look"), ("resume", "go on"), ("cancel", "stop it")):
        output.note(f"  {what:<8}moorage {verb} {run.id}{where}")
