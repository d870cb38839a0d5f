"""Tables as their profiles tell them: a row per column, with a small histogram. Pure."""

from collections.abc import Iterator

from moorage.contracts.profile import ColumnProfile, Profile
from moorage.report import words
from moorage.report.bars import histogram, numbers_of
from moorage.report.data import StepData
from moorage.report.html import Child, Markup, tag
from moorage.report.limits import Limits
from moorage.report.tables import table

_TITLES = ("Column", "Distribution", "Least", "Mean", "Greatest", "Distinct", "Missing")


def profiles(step: StepData, limits: Limits) -> Iterator[Markup]:
    """Yield one part per table that the step left."""
    found = [(item.name, item.profile) for item in step.outputs if item.profile is not None]
    if not found or not limits.columns:
        return
    yield tag("h4", "Data")
    for name, profile in found:
        shape = f"{words.count(profile.rows, 'row')}, {words.count(len(profile.columns), 'column')}"
        yield tag(
            "details", tag("summary", tag("b", name), f" · {shape}"), _columns(name, profile, limits), class_="profile"
        )


def _columns(name: str, profile: Profile, limits: Limits) -> Markup:
    rows = [_row(column, profile.rows) for column in profile.columns[: limits.columns]]
    left_out = len(profile.columns) - limits.columns
    more = tag("p", f"and {words.count(left_out, 'further column')}", class_="muted") if left_out > 0 else None
    return tag("div", table(f"Columns of {name}", _TITLES, rows, numbers=(2, 3, 4, 5, 6)), more)


def _row(column: ColumnProfile, rows: int) -> tuple[Child, ...]:
    missing = column.nulls + column.nans
    distinct = "" if column.distinct is None else f"{column.distinct:,}"
    share = f"{missing:,} ({words.share(missing, rows)})" if missing else "0"
    picture = histogram(column) or tag("span", column.kind, class_="muted")
    return words.cut(column.name, 40), picture, *numbers_of(column), distinct, share
