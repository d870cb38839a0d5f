"""Two runs side by side: what differs between them, and what it did to their results. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from moorage.contracts.drift import LEAST_ROWS, drift
from moorage.contracts.profile import Profile
from moorage.report import icons, words
from moorage.report.data import ReportData, StepData
from moorage.report.head import changes_table_rows, cost, moment
from moorage.report.html import Child, Markup, join, tag
from moorage.report.page import foot, main, page
from moorage.report.tables import code, digest, section, table
from moorage.runs.why import Change, changed
from moorage.spans import between

_PARTS_SHOWN = 12
_METRICS_SHOWN = 400


def render(before: ReportData, after: ReportData) -> str:
    """Return the page that compares two runs; `after` is told as what became of `before`."""
    sections = {
        "parameters": ("Parameters", _parameters(before, after)),
        "results": ("Metrics", _metrics(before, after)),
        "steps": ("Steps", _steps(before, after)),
        "keys": ("What changed", _keys(before, after)),
        "data": ("Data", _data(before, after)),
    }
    shown = {name: (title, list(parts)) for name, (title, parts) in sections.items()}
    links = [(name, title) for name, (title, parts) in shown.items() if parts]
    body = [section(name, title, parts) for name, (title, parts) in shown.items() if parts]
    title = f"{before.record.id} and {after.record.id}"
    return page(
        f"{_pipelines(before, after)}: {title}",
        after.state.value,
        links,
        "",
        main(_head(before, after), *body),
        foot(f"{title} as they stood on {words.moment(after.now)}. Times are UTC. Made by moorage report --compare."),
    )


def _pipelines(before: ReportData, after: ReportData) -> str:
    return " and ".join(dict.fromkeys([before.record.pipeline, after.record.pipeline]))


def _head(before: ReportData, after: ReportData) -> Markup:
    rows: list[tuple[Child, ...]] = [
        ("State", icons.badge(before.state.value), icons.badge(after.state.value)),
        ("Pipeline", before.record.pipeline, after.record.pipeline),
        ("Environment", before.record.environment, after.record.environment),
        ("Started", moment(before), moment(after)),
        ("Took", _took(before), _took(after)),
        ("By", before.record.by, after.record.by),
        ("Code", _code(before), _code(after)),
        ("Cost", cost(before.record.environment), cost(after.record.environment)),
    ]
    runs = table("The two runs", ("", code(before.record.id), code(after.record.id)), rows)
    heading = tag("div", tag("h1", _pipelines(before, after)), class_="title")
    return tag("div", tag("p", "Two runs side by side", class_="eyebrow"), heading, runs, class_="head")


def _took(data: ReportData) -> str:
    return words.seconds(between(data.record.created, data.end))


def _code(data: ReportData) -> Child:
    return digest(data.record.code) or "none"


def _titles(before: ReportData, after: ReportData) -> tuple[Child, Child]:
    return code(before.record.id), code(after.record.id)


def _union(one: Mapping[str, object], other: Mapping[str, object]) -> Sequence[str]:
    return list(dict.fromkeys(chain(one, other)))


def _parameters(before: ReportData, after: ReportData) -> Iterator[Markup]:
    one, other = before.record.parameters, after.record.parameters
    rows = [
        (name, _parameter(one, name), _parameter(other, name))
        for name in _union(one, other)
        if name not in one or name not in other or one[name] != other[name]
    ]
    if rows:
        yield table("Parameters that differ", ("Parameter", *_titles(before, after)), rows)
    elif one:
        yield tag("p", "All parameters are the same.", class_="muted")


def _parameter(parameters: Mapping[str, object], name: str) -> str:
    return words.cut(words.value(parameters[name]), 200) if name in parameters else "not there"


def _metrics(before: ReportData, after: ReportData) -> Iterator[Markup]:
    one, other = _flat(before), _flat(after)
    rows: list[tuple[Child, ...]] = []
    for name in _union(one, other)[:_METRICS_SHOWN]:
        was, now = one.get(name), other.get(name)
        moved = words.NONE if was is None or now is None else words.difference(was, now)
        rows.append((name, _number(was), _number(now), moved))
    if rows:
        titles = ("Metric", *_titles(before, after), "Difference")
        yield table("Metrics of the two runs", titles, rows, numbers=(1, 2, 3))


def _flat(data: ReportData) -> dict[str, float]:
    return {f"{output}.{name}": value for output, values in data.metrics.items() for name, value in values.items()}


def _number(value: float | None) -> str:
    return "not there" if value is None else words.number(value)


def _steps(before: ReportData, after: ReportData) -> Iterator[Markup]:
    one, other = before.by_name, after.by_name
    rows: list[tuple[Child, ...]] = []
    for name in _union(one, other):
        was, now = one.get(name), other.get(name)
        rows.append((name, _state(was), _state(now), _time(was), _time(now), _slower(was, now), _key(was, now)))
    titles = ("Step", *_titles(before, after), "Time then", "Time now", "Difference", "Key")
    yield table("Steps of the two runs", titles, rows, numbers=(3, 4, 5))


def _state(step: StepData | None) -> Child:
    return "not there" if step is None else icons.badge(step.record.state.value)


def _seconds(step: StepData | None) -> float | None:
    return between(step.record.started, step.record.finished) if step and step.attempts else None


def _time(step: StepData | None) -> str:
    return words.seconds(_seconds(step))


def _slower(was: StepData | None, now: StepData | None) -> str:
    before, after = _seconds(was), _seconds(now)
    if before is None or after is None:
        return words.NONE
    moved = after - before
    return "same" if abs(moved) < 0.05 else f"{'+' if moved > 0 else words.MINUS}{words.seconds(abs(moved))}"


def _key(was: StepData | None, now: StepData | None) -> str:
    if was is None or now is None or was.record.key is None or now.record.key is None:
        return words.NONE
    if was.record.key == now.record.key:
        return "same"
    return words.count(len(changed(was.record.parts, now.record.parts)), "part") + " changed"


def _keys(before: ReportData, after: ReportData) -> Iterator[Markup]:
    for name, step in after.by_name.items():
        changes = _changes(before.by_name.get(name), step)
        if changes:
            yield tag("h3", name)
            rows = changes_table_rows(changes[:_PARTS_SHOWN])
            yield table(f"Parts of the key of {name} that differ", ("Part", *_titles(before, after)), rows)


def _changes(was: StepData | None, now: StepData) -> Sequence[Change]:
    if was is None or was.record.key is None or now.record.key is None:
        return ()
    return changed(was.record.parts, now.record.parts)


def _data(before: ReportData, after: ReportData) -> Iterator[Markup]:
    one, other = before.profiles, after.profiles
    rows = [_table(name, one[name], other[name]) for name in one if name in other]
    if rows:
        titles = ("Table", *_titles(before, after), "Drift", "Most in")
        yield table("Tables of the two runs", titles, rows, numbers=(1, 2, 3))
        yield tag(
            "p",
            "Drift is the population stability index of the column that moved most, sampling noise taken off.",
            class_="hint",
        )


def _table(name: str, was: Profile, now: Profile) -> tuple[Child, ...]:
    found = drift(was, now)
    told = words.number(round(found.value, 4)) if found.judgeable else f"under {LEAST_ROWS:,} rows"
    most = found.column if found.value and found.judgeable else None
    return (
        name,
        words.count(was.rows, "row"),
        words.count(now.rows, "row"),
        told,
        words.cut(most, 60) if most else join(()),
    )
