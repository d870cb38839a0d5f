"""`moorage report`: one HTML page that tells all of a run, or two runs side by side."""

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from moorage.cli.complete import run_ids
from moorage.cli.options import place_options
from moorage.errors import SpecError
from moorage.runs import api


@click.command("report")
@click.argument("runs", metavar="[RUN]", nargs=-1, shell_complete=run_ids)
@place_options
@click.option("--compare", is_flag=True, help="Two runs side by side: report --compare RUN RUN.")
@click.option(
    "-o", "--output", "path", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Where to; else moorage-RUN.html. - is stdout.",
)  # fmt: skip
def command(runs: tuple[str, ...], environment: str, project: Path | None, compare: bool, path: Path | None) -> None:
    """Write one HTML page that tells all of a run.

    RUN is an id, the start of one, or `last`. The page needs no other file and no network. With --compare it
    puts two runs side by side.
    """
    from moorage.report import compare_page, run_page

    wanted = 2 if compare else 1
    named = runs or (api.LAST,) * (1 - compare)
    if len(named) != wanted:
        raise click.UsageError(f"{'two runs are' if compare else 'one run is'} wanted here, not {len(named)}")
    place = api.open_place(environment, project)
    found = [api.find_run(place, name) for name in named]
    now = datetime.now(UTC)
    first, last = found[0], found[-1]
    text = compare_page(place.store, first, last, now) if compare else run_page(place.store, first, now)
    _write(text, path or Path(f"moorage-{'-'.join(found)}.html"))


def _write(text: str, path: Path) -> None:
    data = text.encode()
    if str(path) == "-":
        sys.stdout.buffer.write(data)
        return
    if not path.parent.is_dir():
        raise SpecError(f"there is no folder {path.parent}", fix="make it, or name another with -o")
    # Under its name only when it is whole: a page that is open elsewhere is never half of one.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".moorage-") as folder:
        part = Path(folder) / path.name
        part.write_bytes(data)
        os.replace(part, path)
    click.echo(path)
