"""When each step waited and ran: one row per step, bars in per cent of the run's time. Pure."""

from collections.abc import Iterator
from datetime import datetime

from moorage.report import icons, words
from moorage.report.clock import Clock, clock
from moorage.report.data import AttemptData, ReportData, StepData
from moorage.report.html import Markup, join, tag
from moorage.report.tables import section, step_link
from moorage.spans import between


def timeline_section(data: ReportData) -> Markup:
    """Return the section with the run's timeline."""
    scale = _clock(data)
    head = [tag("th", title, scope="col") for title in ("Step", "State")]
    axis = tag("th", _axis(scale, data), scope="col", class_="lane")
    took = tag("th", "Time", scope="col", class_="n")
    rows = [_row(step, scale, data) for step in data.steps]
    table = tag(
        "table",
        tag("caption", "When each step waited and ran", class_="unseen"),
        tag("thead", tag("tr", head, axis, took)),
        tag("tbody", rows),
        class_="timeline",
    )
    kinds = [("ran", "running"), ("ran queued", "waiting for its turn or a person"), ("ran failed", "failed")]
    quiet = [("cut", f"{words.seconds(part.end - part.start)} in which nothing ran") for part in scale.cuts]
    key = tag("p", [_key(*kind) for kind in kinds + quiet[:3]], class_="hint")
    framed = tag("div", table, class_="wide")
    return section("timeline", "Timeline", key, framed)


def _key(name: str, word: str) -> Markup:
    sample = tag("svg", tag("rect", width="100%", class_=name), class_="sample", aria_hidden="true")
    return tag("span", sample, word, class_="key")


def _clock(data: ReportData) -> Clock:
    found = (spans(attempt, data.end) for step in data.steps for attempt in step.attempts)
    return clock(data.record.created, data.end, [(asked, ended) for asked, _, ended in found])


def _axis(scale: Clock, data: ReportData) -> Markup:
    took = words.seconds(between(data.record.created, data.end))
    title = tag("title", f"{took} from {words.moment(data.record.created)}")
    marks = [tag("text", tick.label, x=f"{tick.left:.2f}%", y=12) for tick in scale.ticks()]
    return tag("svg", title, marks, role="img")


def _cuts(scale: Clock) -> list[Markup]:
    return [
        tag("rect", x=f"{part.left:.2f}%", width=f"{part.right - part.left:.2f}%", class_="cut") for part in scale.cuts
    ]


def _row(step: StepData, scale: Clock, data: ReportData) -> Markup:
    stands = step.record
    state = stands.state.value
    took = between(stands.started, stands.finished) if stands.attempts else None
    lane = tag(
        "svg",
        tag("title", _described(step)),
        _cuts(scale),
        join(_bars(step, scale, data.end)),
        role="img",
        width="100%",
        height=16,
    )
    return tag(
        "tr",
        tag("th", step_link(step.name), scope="row"),
        tag("td", icons.badge(state)),
        tag("td", lane, class_="lane"),
        tag("td", words.seconds(took) if took is not None else words.NONE, class_="n"),
        data_state=state,
    )


def _bars(step: StepData, scale: Clock, now: datetime) -> Iterator[Markup]:
    for attempt in step.attempts:
        queued, started, ended = spans(attempt, now)
        if started and started > queued:
            yield _bar(scale, queued, started, "ran queued")
        if not started:
            yield _bar(scale, queued, ended, "ran queued")
            continue
        state = attempt.record.state.value
        yield _bar(scale, started, ended, "ran failed" if state in ("failed", "cancelled") else "ran")
    if not step.attempts and (moment := _moment(step, scale, now)) is not None:
        yield moment


def spans(attempt: AttemptData, now: datetime) -> tuple[datetime, datetime | None, datetime]:
    """Return when an attempt was asked for, when it began to run (or None), and when it ended (or `now`)."""
    asked = attempt.record.intended
    ended = attempt.record.finished or now
    started = attempt.started
    # The job's machine and the driver's may not agree about the time.
    return asked, None if started is None else min(max(started, asked), ended), ended


def _bar(scale: Clock, start: datetime, end: datetime, name: str) -> Markup:
    left = min(scale.place(start), 99.65)
    width = max(0.35, scale.place(end) - left)
    return tag("rect", x=f"{left:.2f}%", width=f"{width:.2f}%", class_=name)


def _moment(step: StepData, scale: Clock, now: datetime) -> Markup | None:
    started = step.record.started
    if started is None:
        return None
    if step.record.asked is not None:
        return _bar(scale, step.record.asked, step.record.finished or now, "ran queued")
    place = min(99.4, max(0.6, scale.place(started)))
    return tag("circle", cx=f"{place:.2f}%", class_=f"dot {step.record.state}")


def _described(step: StepData) -> str:
    if not step.attempts:
        return f"{step.name}: {step.record.state}"
    tries = [
        f"attempt {each.record.number} {each.record.state} after "
        f"{words.seconds(between(each.record.intended, each.record.finished))}"
        for each in step.attempts
    ]
    return f"{step.name}: {', '.join(tries)}"
