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
_NAMED = 3


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
    distinct = "" if column.distinct is None else f"{min(column.distinct, rows):,}"  # it is an estimate
    share = f"{missing:,} ({words.share(missing, rows)})" if missing else "0"
    return words.cut(column.name, 40), _picture(column, rows), *numbers_of(column), distinct, share


def _picture(column: ColumnProfile, rows: int) -> Child:
    picture = histogram(column)
    if picture is None:
        return tag("span", "not counted" if column.kind == "other" else "empty", class_="muted")
    if column.kind != "category":
        return picture
    frequent = ", ".join(f"{words.cut(name, 16)} {words.share(count, rows)}" for name, count in column.top[:_NAMED])
    more = ", …" if len(column.top) > _NAMED or column.other else ""
    return tag("span", picture, tag("span", frequent + more, class_="muted"), class_="seen")
