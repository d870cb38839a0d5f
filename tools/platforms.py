"""Write README's table of platforms and docs/platforms.md from a run of the conformance suite, so they cannot lie.

`make platforms` runs the suite and calls this with the file that `tests/conformance/table.py` wrote.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tests.conformance.table import Cell
from tools.pages import between, rewrite

ROOT = Path(__file__).resolve().parent.parent
README, PAGE = ROOT / "README.md", ROOT / "docs" / "platforms.md"
BEGIN, END = "<!-- platforms: make platforms -->\n", "<!-- end of platforms -->"

AREAS: Mapping[str, str] = {
    "lowering": "what is sent for a step: always the same, taken by the platform, no secret in it",
    "lifecycle": "a job begins once, ends, is cancelled, is found again",
    "states": "every word that the platform has for where a job stands is known",
    "errors": "what the platform refuses is told in moorage's words",
    "lineage": "the record of a run is the same wherever it ran",
}
WORDS: Mapping[str, str] = {"passes": "passes", "notimpl": "to do", "notyet": "not yet", "never": "never"}
"""What a reader sees for an outcome, best first as the tables count them; others are not to be published."""

Rows = Mapping[tuple[str, str], Mapping[str, Cell]]
"""By area and test: a cell for each platform."""


class NotGreen(Exception):
    """Something of the suite failed, or was left out; the text says what."""


def main(arguments: Sequence[str]) -> int:
    """Write both pages from a file of cells; return 0, or 1 when the run was not green and nothing was written."""
    cells = [Cell(**cell) for cell in json.loads(Path(arguments[0]).read_bytes())]
    try:
        written = {README: summary(cells), PAGE: details(cells)}
    except NotGreen as error:
        print(f"error: the pages are as they were: {error}", file=sys.stderr)
        return 1
    for path, text in written.items():
        rewrite(path, BEGIN, END, text)
    return 0


def updated(page: str, text: str) -> str:
    """Return a page with that text between its marks."""
    return between(page, BEGIN, END, text)


def summary(cells: Sequence[Cell]) -> str:
    """Return README's table: a row for each area, a column for each platform. Raises NotGreen."""
    rows = _rows(cells)
    platforms = _platforms(rows)
    lines = [["", *map(_headline, platforms)], ["---"] * (len(platforms) + 1)]
    for area in _areas(rows):
        said = [_counted(area, [cell for key, cell in _of(rows, each) if key[0] == area]) for each in platforms]
        lines.append([f"{area}: {AREAS[area]}" if area in AREAS else area, *said])
    return _table(lines)


def details(cells: Sequence[Cell]) -> str:
    """Return a table for each area: a row for each test, a column for each platform. Raises NotGreen."""
    rows = _rows(cells)
    platforms = _platforms(rows)
    parts = []
    for area in _areas(rows):
        lines = [["", *platforms], ["---"] * (len(platforms) + 1)]
        for (_, test), row in ((key, row) for key, row in rows.items() if key[0] == area):
            lines.append([test, *(_said(row[each]) if each in row else "" for each in platforms)])
        parts.append(f"## {area.capitalize()}\n\n{_table(lines)}")
    return "\n".join(parts)


def _rows(cells: Sequence[Cell]) -> Rows:
    bad = [f"{cell.area}: {cell.test} ({cell.platform}: {cell.outcome})" for cell in cells if cell.outcome not in WORDS]
    if bad or not cells:
        raise NotGreen("; ".join(bad) or "nothing was run")
    rows: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in cells:
        # The ways of one platform (`local`, `local-fork`) are one column, which is as good as the worst of them.
        name = cell.platform.partition("-")[0]
        row = rows.setdefault((cell.area, cell.test), {})
        row[name] = max(row.get(name, cell), replace(cell, platform=name), key=lambda each: _rank(each.outcome))
    return rows


def _rank(outcome: str) -> int:
    return (*WORDS, outcome).index(outcome)


def _of(rows: Rows, platform: str) -> Iterator[tuple[tuple[str, str], Cell]]:
    return ((key, row[platform]) for key, row in rows.items() if platform in row)


def _platforms(rows: Rows) -> Sequence[str]:
    return sorted({name for row in rows.values() for name in row}, key=lambda name: (name != "local", name))


def _areas(rows: Rows) -> Sequence[str]:
    found = {area for area, _ in rows}
    return [*(area for area in AREAS if area in found), *sorted(found - set(AREAS))]


def _headline(platform: str) -> str:
    page = f"docs/{platform}.md"
    return f"[{platform}]({page})" if (ROOT / page).is_file() else platform


def _counted(area: str, cells: Sequence[Cell]) -> str:
    counts = Counter(cell.outcome for cell in cells)
    said = ", ".join(f"{word} {counts[outcome]}" for outcome, word in WORDS.items() if counts[outcome])
    return f"[{said}](docs/platforms.md#{area})" if said else ""


def _said(cell: Cell) -> str:
    word = WORDS[cell.outcome]
    return f"{word}: {cell.reason}" if cell.reason else word


def _table(lines: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
