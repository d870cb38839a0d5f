"""How a report shows the cells that broke a check."""

Examples = tuple[tuple[int | None, str], ...]
"""`(row, value)` pairs; no row where the columns themselves are wrong."""

LONGEST = 80
"""How many characters of a value an example shows."""


def shown(*values: object) -> str:
    """Return the values of one example as one line of text, cut short."""
    text = ", ".join("null" if value is None else str(value) for value in values)
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
