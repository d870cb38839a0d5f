"""Pages from a store: what `moorage report` writes."""

from datetime import datetime

from moorage.report import compare, rendering
from moorage.report.gather import gather
from moorage.store import Store


def run_page(store: Store, run: str, now: datetime) -> str:
    """Return the page of one run as it stands at `now`. NotFound when there is no such run."""
    return rendering.render(gather(store, run, now))


def compare_page(store: Store, before: str, after: str, now: datetime) -> str:
    """Return the page of two runs side by side. NotFound when one of them is not there."""
    return compare.render(gather(store, before, now), gather(store, after, now))
