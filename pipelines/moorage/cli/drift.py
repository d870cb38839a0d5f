"""`moorage drift`: how far one table has moved from another."""

from dataclasses import asdict
from pathlib import Path

import click

from moorage.cli import output
from moorage.cli.options import json_option, place_options
from moorage.cli.tables import Named, as_file, named
from moorage.contracts.drift import LEAST_ROWS, Drift, drift
from moorage.contracts.guarded import profile_guarded
from moorage.contracts.profile import Profile, profile_from_json
from moorage.runs import api
from moorage.store import read_blob


@click.command("drift")
@click.argument("reference")
@click.argument("current")
@place_options
@json_option
def command(reference: str, current: str, environment: str, project: Path | None, as_json: bool) -> None:
    """Compare two tables, column by column.

    Each is a Parquet or CSV file, or what a run left: RUN:STEP.OUTPUT, as in last:ingest.wines. The drift of a
    column is its population stability index with the noise of sampling taken off: 0.1 is some, 0.2 is much.
    """
    profiles = [_profile(named(text, environment, project), environment, project) for text in (reference, current)]
    found = drift(*profiles)
    if as_json:
        output.print_json({"value": found.value, "judgeable": found.judgeable, **asdict(found)})
    else:
        _print(found)


def _profile(table: Named, environment: str, project: Path | None) -> Profile:
    if table.artifact is not None and table.artifact.profile is not None:
        return profile_from_json(read_blob(api.open_place(environment, project).store, table.artifact.profile))
    with as_file(table, environment, project) as path:
        return profile_guarded(path)


def _print(found: Drift) -> None:
    rows = [(item.name, _coloured(item.value), f"{item.psi:.4f}", f"{item.noise:.4f}") for item in found.columns]
    output.print_table(("column", "drift", "PSI", "noise"), rows)
    click.echo(f"{found.n_ref:,} rows in the first table, {found.n_cur:,} in the second")
    if not found.judgeable:
        output.note(f"under {LEAST_ROWS:,} rows on a side: too few for a gate to judge by")


def _coloured(value: float) -> str:
    return click.style(f"{value:.4f}", fg="red" if value > 0.2 else "yellow" if value > 0.1 else None)
