"""Tables and other parts that every section uses. Pure."""

from collections.abc import Iterable, Sequence

from moorage.report import words
from moorage.report.html import Child, Markup, join, tag

NUMBERS = "n"
"""Marks a column of numbers, which stand to the right."""


def table(
    caption: str, titles: Sequence[Child], rows: Iterable[Sequence[Child]], numbers: Iterable[int] = ()
) -> Markup:
    """Return a table that scrolls by itself where it is too wide; the first cell of a row names the row.

    `caption` is for those who do not see what stands above; `numbers` are the columns of numbers.
    """
    right = set(numbers)
    head = [tag("th", title, scope="col", class_=NUMBERS if at in right else None) for at, title in enumerate(titles)]
    body = [tag("tr", [_cell(cell, at, at in right) for at, cell in enumerate(row)]) for row in rows]
    inner = tag("table", tag("caption", caption, class_="unseen"), tag("thead", tag("tr", head)), tag("tbody", body))
    return tag("div", inner, class_="wide")


def _cell(cell: Child, at: int, is_number: bool) -> Markup:
    name = NUMBERS if is_number else None
    return tag("td", cell, class_=name) if at else tag("th", cell, scope="row", class_=name)


def table_or_line(
    caption: str, titles: Sequence[str], rows: Sequence[Sequence[Child]], numbers: Iterable[int] = ()
) -> Markup:
    """Return rows as a table without its empty columns; a single row as a line of names and values."""
    kept = [at for at in range(len(titles)) if any(row[at] is not None for row in rows)]
    if len(rows) == 1:
        first, *rest = kept
        named = [tag("li", titles[at].lower(), " ", rows[0][at]) for at in rest]
        return tag("ul", tag("li", rows[0][first]), named, class_="line")
    right = set(numbers)
    places = [place for place, at in enumerate(kept) if at in right]
    return table(caption, [titles[at] for at in kept], [[row[at] for at in kept] for row in rows], places)


def facts(rows: Iterable[tuple[str, Child]]) -> Markup:
    """Return names and values, those without a value left out."""
    pairs = [tag("div", tag("dt", name), tag("dd", value)) for name, value in rows if value is not None]
    return tag("dl", pairs, class_="facts")


def digest(value: str | None) -> Markup | None:
    """Return a digest in short, with the whole of it to copy; None for None."""
    if value is None:
        return None
    return tag("code", words.short_digest(value), title=value)


def step_link(name: str) -> Markup:
    """Return a link to a step's section."""
    return tag("a", name, href=f"#step-{name}")


def comma(items: Iterable[Child]) -> Markup:
    """Return the items with commas between them."""
    found = list(items)
    return join(part for at, item in enumerate(found) for part in ((", ", item) if at else (item,)))


def section(identity: str, title: str, *children: Child) -> Markup:
    """Return a section of the page, under its heading."""
    heading = tag("h2", title, id=f"{identity}-title")
    return tag("section", heading, *children, id=identity, aria_labelledby=f"{identity}-title")


def code(text: str) -> Markup:
    """Return text as code."""
    return tag("code", text)


def pre(text: str, label: str) -> Markup:
    """Return lines as they are, in a region that scrolls by itself."""
    return tag("pre", text, aria_label=label, role="group")


def prose(text: str) -> Markup:
    """Return a sentence of ours, with what stands between backticks as code."""
    parts = text.split("`")
    return join(code(part) if at % 2 else part for at, part in enumerate(parts))
