"""`moorage show`: one run, with its steps, results and failures."""

from datetime import UTC, datetime
from pathlib import Path

import click

from moorage.cli import follow as watch
from moorage.cli import output, summary
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

    RUN is an id, the start of one, or `last`. Ctrl-C stops watching; the run goes on.
    """
    place = api.open_place(environment, project)
    found = api.find_run(place, run_id)
    record = watch.follow(place, found) if follow else api.read_record(place, found)
    state = _state(place, record)
    if as_json:
        output.print_json(summary.run_as_data(record, state))
        return
    summary.print_head(record, state)
    click.echo()
    summary.print_steps(record)
    summary.print_failures(record, failure_details(place, record))
    summary.print_notes(record)
    summary.print_gates(record)
    summary.print_metrics(record)
    versions = registered(place, record)
    summary.print_models(versions)
    summary.print_next(record, state, versions)


def _state(place: api.Place, record: RunRecord) -> RunState:
    return record.state if record.state.is_terminal else read_summary(place.store, record.id, datetime.now(UTC)).state
