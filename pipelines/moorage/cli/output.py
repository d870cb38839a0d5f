"""How results look: aligned columns, calm colours, JSON for machines. No rich: a list must come at once."""

import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

import click

from moorage import spans

COLOURS = {
    "succeeded": "green",
    "cached": "green",
    "failed": "red",
    "stalled": "red",
    "running": "cyan",
    "starting": "cyan",
    "retrying": "yellow",
    "waiting": "yellow",
    "cancelling": "yellow",
    "queued": "cyan",
    "cancelled": "bright_black",
    "skipped": "bright_black",
}
"""By state of a run or a step; whatever is not here stays plain."""

GAP = "  "
"""Between two columns."""

NARROWEST = 16
"""No column is cut shorter than this."""


def print_json(value: object) -> None:
    """Print `value` as JSON: times as ISO 8601, dataclasses and models as objects, NaN as null."""
    from pydantic_core import to_json

    click.echo(to_json(value, indent=2, by_alias=True, inf_nan_mode="null"))


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]], indent: str = "") -> None:
    """Print rows in aligned columns under dim titles (no line for titles when all are empty).

    On a terminal the widest columns are cut until a row fits; anything else gets the whole text.
    """
    lines = [list(row) for row in rows]
    if any(titles):
        lines.insert(0, [dim(title) for title in titles])
    widths = _fitted([max(map(_width, column)) for column in zip(titles, *lines, strict=True)], len(indent))
    texts = [(indent + GAP.join(map(_cell, line, widths))).rstrip() for line in lines]
    if texts:
        click.echo("\n".join(texts))


def note(text: str) -> None:
    """Print a line about how things go, on stderr."""
    click.echo(text, err=True)


def dim(text: str) -> str:
    """Return `text` as something less important looks."""
    return click.style(text, dim=True) if text else text


def state(value: StrEnum) -> str:
    """Return a state in its colour."""
    return click.style(value.value, fg=COLOURS.get(value.value))


def seconds(value: float | None) -> str:
    """Return a time span as people read it; nothing for none."""
    return "" if value is None else spans.seconds(value)


def moment(value: datetime | None) -> str:
    """Return a time in the reader's own zone, to the second."""
    return "" if value is None else f"{value.astimezone():%Y-%m-%d %H:%M:%S}"


def number(value: float) -> str:
    """Return a number as a person wants to read it: `0.9912`, `200,000`."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"


def count(value: int, noun: str) -> str:
    """Return `1 row`, `2,000 rows`."""
    return f"{value:,} {noun if value == 1 else noun + 's'}"


def is_terminal() -> bool:
    """Whether somebody watches stderr."""
    return sys.stderr.isatty()


def _width(text: str) -> int:
    return len(click.unstyle(text) if "\x1b" in text else text)


def _fitted(widths: list[int], indent: int) -> list[int]:
    if not sys.stdout.isatty():
        return widths
    room = max(shutil.get_terminal_size().columns, 40) - indent - len(GAP) * (len(widths) - 1)
    while (excess := sum(widths) - room) > 0 and max(widths) > NARROWEST:
        widest = widths.index(max(widths))
        widths[widest] = max(NARROWEST, widths[widest] - excess)
    return widths


def _cell(text: str, width: int) -> str:
    own = _width(text)
    return text + " " * (width - own) if own <= width else f"{click.unstyle(text)[: width - 1]}…"
