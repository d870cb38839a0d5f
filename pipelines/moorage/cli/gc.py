"""`moorage gc`: remove what was left behind."""

from datetime import timedelta
from pathlib import Path

import click

from moorage.cli import output
from moorage.cli.options import json_option, place_options
from moorage.errors import SpecError
from moorage.runs import api
from moorage.runs.gc import Removed, collect_garbage
from moorage.spec.units import parse_duration


@click.command("gc")
@place_options
@click.option("--older-than", metavar="TIME", help="Also runs that ended so long ago, as in 30d, and made no model.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@json_option
def command(environment: str, project: Path | None, older_than: str | None, dry_run: bool, as_json: bool) -> None:
    """Remove what was left behind and nothing names any more.

    Jobs and scratch space of runs that have ended, cached results of runs that are gone, and artifacts that no run,
    cached result or model has named for 7 days. What an unfinished run or a model names always stays.
    """
    age = None if older_than is None else _age(older_than)
    removed = collect_garbage(api.open_place(environment, project), older_than=age, dry_run=dry_run)
    if as_json:
        output.print_json({"removed": removed.counts, "bytes": removed.bytes, "dry_run": dry_run})
    else:
        click.echo(f"{'would remove' if dry_run else 'removed'} {_described(removed)}")


def _age(text: str) -> timedelta:
    try:
        return timedelta(seconds=parse_duration(text))
    except ValueError as error:
        raise SpecError(f"--older-than: {error}", fix="write it as in --older-than 30d") from error


def _described(removed: Removed) -> str:
    counts = [output.count(number, kind.removesuffix("s")) for kind, number in removed.counts.items() if number]
    size = f" ({removed.bytes / 2**20:,.1f} MiB)" if removed.bytes else ""
    return f"{', '.join(counts) or 'nothing'}{size}"
