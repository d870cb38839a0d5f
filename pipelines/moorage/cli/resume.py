"""`moorage resume`: go on with a run where its journal ends."""

from pathlib import Path

import click

from moorage.cli.driving import drive_and_report
from moorage.cli.options import json_option, place_options, run_argument
from moorage.cli.output import print_json
from moorage.runs import api


@click.command("resume")
@run_argument
@place_options
@click.option("--take-over", is_flag=True, help="Even when another driver seems to be at work on it.")
@click.option("--detach", is_flag=True, help="Start a driver of its own and return.")
@json_option
def command(run_id: str, environment: str, project: Path | None, take_over: bool, detach: bool, as_json: bool) -> None:
    """Go on with a run that was left, failed or was cancelled.

    RUN is an id, the start of one, or `last`. Steps that succeeded stay; those that failed get their
    retries anew. Jobs that still run are adopted, not started twice.
    """
    place = api.open_place(environment, project)
    found = api.find_run(place, run_id)
    if detach:
        api.resume_detached(found, place, take_over=take_over)
        print_json({"id": found}) if as_json else click.echo(found)
        return
    drive_and_report(lambda watch: api.resume(found, place, watch=watch, take_over=take_over), place, as_json)
