"""`moorage runs`: what ran, newest first."""

from itertools import islice
from pathlib import Path

import click

from moorage.cli import output
from moorage.cli.options import json_option, place_options
from moorage.runs import api
from moorage.runs.summary import RunSummary
from moorage.spans import between


@click.command("runs")
@place_options
@click.option("--pipeline", metavar="NAME", help="Only runs of this pipeline.")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="At most so many."
)
@click.option("--all", "every", is_flag=True, help="All of them, however many.")
@json_option
def command(
    environment: str, project: Path | None, pipeline: str | None, limit: int, every: bool, as_json: bool
) -> None:
    """List the runs of an environment, newest first."""
    place = api.open_place(environment, project)
    wanted = (run for run in api.list_runs(place) if pipeline in (None, run.pipeline))
    found = list(wanted if every else islice(wanted, limit))
    if as_json:
        output.print_json([run.model_dump(mode="json", exclude={"driver", "beat"}) for run in found])
    elif found:
        output.print_table(("run", "pipeline", "state", "started", "took"), map(_row, found))
    else:
        of = f" of {pipeline}" if pipeline else ""
        output.note(f"no runs{of} in {place.store.uri}; `moorage run SPEC` makes one")


def _row(run: RunSummary) -> tuple[str, ...]:
    took = output.seconds(between(run.started, run.finished))
    return run.id, run.pipeline, output.state(run.state), output.moment(run.started), took
