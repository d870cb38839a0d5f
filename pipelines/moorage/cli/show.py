"""`moorage show`: one run, with its steps, results and failures."""

from datetime import UTC, datetime
from pathlib import Path

import click

from moorage.cli import follow as watch
from moorage.cli import output, summary
from moorage.cli.exits import Exit
from moorage.cli.options import json_option, place_options, run_argument
from moorage.cli.results import failure_details, registered
from moorage.journal import RunRecord
from moorage.runs import api
from moorage.runs.summary import read_summary
from moorage.states import RunState


@click.command("show")
@run_argument
@place_options
@click.option("-f", "--follow", is_flag=True, help="Watch the run until it has ended, whoever drives it.")
@json_option
def command(run_id: str, environment: str, project: Path | None, follow: bool, as_json: bool) -> None:
    """Show one run: its steps, results, and what failed.

    RUN is an id, the start of one, or `last`. Ctrl-C stops watching; the run goes on. Exit code 1, with -f: the
    run failed, was cancelled, or nobody drives it.
    """
    place = api.open_place(environment, project)
    found = api.find_run(place, run_id)
    record = watch.follow(place, found) if follow else api.read_record(place, found)
    state = _state(place, record)
    if as_json:
        output.print_json(summary.run_as_data(record, state))
    else:
        _print(place, record, state)
    if follow and state is not RunState.SUCCEEDED:
        raise click.exceptions.Exit(Exit.FAILED)


def _print(place: api.Place, record: RunRecord, state: RunState) -> None:
    summary.print_head(record, state)
    if said := _driver(place, record, state):
        click.echo(f"  {said}")
    click.echo()
    summary.print_steps(record)
    summary.print_failures(record, failure_details(place, record))
    summary.print_notes(record)
    summary.print_gates(record)
    summary.print_metrics(record)
    versions = registered(place, record)
    summary.print_models(versions)
    summary.print_next(record, state, versions)


def _driver(place: api.Place, record: RunRecord, state: RunState) -> str | None:
    # Where one is at work there is nothing to tell, and the store alone has to be asked.
    is_awaited = state is RunState.STALLED or (record.driver is None and not state.is_terminal)
    return api.say_driver(place, record.id) if is_awaited else None


def _state(place: api.Place, record: RunRecord) -> RunState:
    return record.state if record.state.is_terminal else read_summary(place.store, record.id, datetime.now(UTC)).state
