"""How figures are printed: aligned, in 80 columns."""

from collections.abc import Sequence

from tests.benchmarks.figure import Figure

TITLES = ("", "value", "range", "goal", "beside", "")
VERDICTS = {True: "yes", False: "NO", None: ""}
NAME_WIDTH = 39


def table(figures: Sequence[Figure]) -> str:
    """Return one line per figure: value with unit, smallest and largest sample, goal, floor, and whether it is met."""
    rows = [TITLES, *(_row(each) for each in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[0] = max(NAME_WIDTH, widths[0])
    return "\n".join(_line(row, widths) for row in rows)


def number(value: float | None) -> str:
    """Return three significant digits, and whole numbers from 100 on."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _row(each: Figure) -> tuple[str, ...]:
    extent = f"{number(min(each.samples))}-{number(max(each.samples))}" if len(each.samples) > 1 else ""
    name = f"{each.name}, {each.unit}" if each.unit else each.name
    return (name, number(each.value), extent, number(each.goal), number(each.floor), VERDICTS[each.is_met])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = row
    cells = [first.ljust(widths[0]), *(text.rjust(width) for text, width in zip(rest, widths[1:], strict=True))]
    return " ".join(cells).rstrip()
