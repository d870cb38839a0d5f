"""What `run` and `resume` share: show how it goes, say how to leave it, and report the end."""

from collections.abc import Callable

import click

from moorage.cli import output
from moorage.cli.progress import Watch, watching
from moorage.cli.summary import print_end, run_as_data
from moorage.journal import Event, RunRecord
from moorage.runs.api import Run
from moorage.states import RunState


def driven(drive: Callable[[Watch], Run], environment: str) -> Run:
    """Return what `drive` returns; Ctrl-C prints how to look, resume and cancel, and goes on up."""
    run_id: str | None = None
    try:
        with watching() as show:

            def watch(record: RunRecord, event: Event) -> None:
                nonlocal run_id
                run_id = record.id
                show(record, event)

            return drive(watch)
    except KeyboardInterrupt:
        if run_id is not None:
            _say_left(run_id, environment)
        raise


def report(run: Run, as_json: bool) -> None:
    """Print how the run ended; exit code 1 unless it succeeded."""
    if as_json:
        output.print_json(run_as_data(run.record))
    else:
        print_end(run.record)
    if run.state is not RunState.SUCCEEDED:
        raise click.exceptions.Exit(1)


def _say_left(run_id: str, environment: str) -> None:
    where = "" if environment == "local" else f" -e {environment}"
    output.note(f"\nleft run {run_id}: steps at work finish, and no new ones start")
    for verb, what in (("show", "look"), ("resume", "go on"), ("cancel", "stop it")):
        output.note(f"  moorage {verb} {run_id}{where}".ljust(44) + f"  {what}")
