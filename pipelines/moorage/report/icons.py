"""The signs of states: a shape for each, so that colour never speaks alone. Pure."""

from collections.abc import Mapping
from urllib.parse import quote

from moorage.report.html import Markup, join, tag

SHAPES: Mapping[str, str] = {
    "succeeded": "M3.5 8.5l3 3 6-7",
    "cached": "M12.6 5.2A5.2 5.2 0 1 0 13.2 8M13 2.2v3.2H9.8M5.8 8.2l1.7 1.7 2.9-3.3",
    "failed": "M4 4l8 8M12 4l-8 8",
    "running": "M5 3.2l7.5 4.8L5 12.8z",
    "starting": "M5 3.2l7.5 4.8L5 12.8z",
    "retrying": "M12.8 8a4.8 4.8 0 1 1-1.6-3.6M12.8 2.2v3.2H9.6",
    "queued": "M8 2.8a5.2 5.2 0 1 1 0 10.4A5.2 5.2 0 0 1 8 2.8M8 5v3.2l2.2 1.4",
    "waiting": "M5.5 4v8M10.5 4v8",
    "skipped": "M3.5 4l4 4-4 4M8.5 4l4 4-4 4",
    "cancelled": "M4.5 4.5h7v7h-7z",
    "cancelling": "M4.5 4.5h7v7h-7z",
    "stalled": "M8 3v6M8 11.8v.6",
}
"""SVG paths in a field of 16 by 16, by state of a run or a step."""

_TAB_COLOURS = {"succeeded": "#1a7f4b", "failed": "#c62f2f", "stalled": "#c62f2f", "running": "#0b6e8a"}


def sprite() -> Markup:
    """Return the one element that holds all signs; it shows nothing by itself."""
    symbols = [tag("symbol", tag("path", d=path), id=f"i-{name}", viewBox="0 0 16 16") for name, path in SHAPES.items()]
    return tag("svg", symbols, class_="sprite", aria_hidden="true")


def icon(state: str) -> Markup:
    """Return the sign of a state; the word stands beside it."""
    return tag("svg", tag("use", href=f"#i-{state}"), class_="i", aria_hidden="true")


def badge(state: str) -> Markup:
    """Return a state as a sign and a word."""
    return tag("span", icon(state), state, class_=f"state {state}")


def mark(state: str) -> Markup:
    """Return a state as a sign, its word left to those who do not see it."""
    return tag("span", icon(state), tag("span", state, class_="unseen"), class_=f"state {state}")


def tab_icon(state: str) -> str:
    """Return the address of the page's icon, which is in the address itself."""
    colour = _TAB_COLOURS.get(state, "#6b7280")
    picture = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><rect width='16' height='16' rx='4' "
        f"fill='{colour}'/><path d='{SHAPES.get(state, SHAPES['running'])}' fill='none' stroke='#fff' "
        f"stroke-width='1.8' stroke-linecap='round' stroke-linejoin='round'/></svg>"
    )
    return "data:image/svg+xml," + quote(picture)


def listed(states: Mapping[str, int]) -> Markup:
    """Return how many steps stand in each state, as signs, numbers and words."""
    items = [
        tag("li", icon(state), tag("b", count), " ", state, class_=f"state {state}") for state, count in states.items()
    ]
    return tag("ul", join(items), class_="counts")
