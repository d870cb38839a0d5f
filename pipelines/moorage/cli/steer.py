"""`moorage cancel`, `approve` and `reject`: orders to a run, from any machine that reaches its store."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from moorage.cli.follow import say_left
from moorage.cli.options import place_options, required_run_argument
from moorage.cli.output import note, state
from moorage.runs import api
from moorage.runs.commands import CommandKind

Command = TypeVar("Command", bound=Callable[..., object])


@click.command("cancel")
@required_run_argument
@place_options
def cancel(run_id: str, environment: str, project: Path | None) -> None:
    """Stop a run; resume continues it.

    RUN is an id, the start of one, or `last`. When no driver is at work on the run, this command takes it
    over and stops its jobs; else the driver does so at its next look.
    """
    place = api.open_place(environment, project)
    record = api.cancel(api.find_run(place, run_id), place)
    note(
        f"run {record.id}  {state(record.state)}"
        + ("" if record.state.is_terminal else ", to be cancelled by its driver")
    )


def _verdict_options(command: Command) -> Command:
    by = click.option("--by", metavar="NAME", help="Who you are; else your login name. Recorded as claimed.")
    comment = click.option("--comment", metavar="TEXT", help="Why; kept with the run.")
    step = click.argument("step", required=False)
    return required_run_argument(step(place_options(by(comment(command)))))


@click.command("approve")
@_verdict_options
def approve(
    run_id: str, step: str | None, environment: str, project: Path | None, by: str | None, comment: str | None
) -> None:
    """Say yes to an approval that a run waits for.

    RUN is an id, the start of one, or `last`. STEP may be left out when only one approval waits.
    """
    _answer("approve", api.open_place(environment, project), run_id, step, by, comment)


@click.command("reject")
@_verdict_options
def reject(
    run_id: str, step: str | None, environment: str, project: Path | None, by: str | None, comment: str | None
) -> None:
    """Say no to an approval; what waits for it is skipped.

    RUN is an id, the start of one, or `last`. STEP may be left out when only one approval waits.
    """
    _answer("reject", api.open_place(environment, project), run_id, step, by, comment)


def _answer(
    kind: CommandKind, place: api.Place, run_id: str, step: str | None, by: str | None, comment: str | None
) -> None:
    found = api.find_run(place, run_id)
    api.command(place, found, kind, step=step, by=by, comment=comment)
    note(f"{'approved' if kind == 'approve' else 'rejected'}: {step or 'the approval'} of run {found}")
    if api.is_driverless(place, found):
        say_left(place, api.read_record(place, found))
