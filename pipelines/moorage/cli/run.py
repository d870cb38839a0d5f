"""`moorage run`: a new run, driven from here until it ends, or left to a driver of its own."""

from collections.abc import Mapping
from pathlib import Path

import click
from pydantic import JsonValue

from moorage.cli.driving import drive_and_report
from moorage.cli.options import json_option, parameter_option, place_options, spec_argument, spec_file
from moorage.cli.output import print_json
from moorage.runs import api


@click.command("run")
@spec_argument
@place_options
@parameter_option
@click.option("--detach", is_flag=True, help="Start a driver of its own, print the run's id and return.")
@json_option
def command(
    spec: Path, environment: str, project: Path | None, parameters: Mapping[str, JsonValue], detach: bool, as_json: bool
) -> None:
    """Run a pipeline; Ctrl-C leaves it, and it can be resumed.

    SPEC is a pipeline.yaml, or the folder that holds one. Every call makes a new run; steps that succeeded
    before with the same code, data and parameters are taken from the cache. Exit code 1: the run failed.
    """
    path = spec_file(spec)
    if detach:
        found = api.start_detached(path, environment=environment, parameters=parameters, project=project)
        print_json({"id": found}) if as_json else click.echo(found)
        return
    place, found, frozen = api.make(path, environment=environment, parameters=parameters, project=project)
    drive_and_report(lambda watch: api.drive(place, found, watch, frozen=frozen), place, as_json)
