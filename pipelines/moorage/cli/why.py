"""`moorage why`: which parts of a step's key changed since the last run that had it."""

from dataclasses import asdict
from pathlib import Path

import click

from moorage.cli import output
from moorage.cli.options import json_option, place_options, required_run_argument
from moorage.runs import api


@click.command("why")
@required_run_argument
@click.argument("step", required=False)
@place_options
@json_option
def command(run_id: str, step: str | None, environment: str, project: Path | None, as_json: bool) -> None:
    """Say why a step ran again: what changed since the last run.

    RUN is an id, the start of one, or `last`. Without STEP, all steps are told of.
    """
    place = api.open_place(environment, project)
    found = api.find_run(place, run_id)
    names = (step,) if step else tuple(api.read_record(place, found).steps)
    told = [api.why(place, found, name) for name in names]
    if as_json:
        output.print_json(asdict(told[0]) if step else [asdict(item) for item in told])
        return
    for item in told:
        click.echo(item.sentence)
        rows = [(change.part, _short(change.before), "->", _short(change.now)) for change in item.changes]
        output.print_table(("", "", "", ""), rows, indent="  ") if rows else None


def _short(value: str | None) -> str:
    if value is None:
        return "(none)"
    text = value[:19] if value.startswith("blake3:") else value
    return text if len(text) <= 40 else f"{text[:39]}…"
