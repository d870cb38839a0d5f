"""The top of a page: which run, where it stands, what went wrong, and what waits for a person. Pure."""

from collections.abc import Iterator, Sequence

from moorage.report import icons, words
from moorage.report.dag import legend
from moorage.report.data import ReportData, StepData
from moorage.report.html import Child, Markup, tag
from moorage.report.tables import code, comma, digest, facts, prose, section, step_link
from moorage.runs.why import Change
from moorage.spans import between
from moorage.states import ADVICE, RunState, StepState

FAILURES_SHOWN = 8
"""More failures than this are counted at the top; each has its own section below."""


def head(data: ReportData) -> Markup:
    """Return the run's name, state and facts."""
    record = data.record
    return tag(
        "div",
        tag("p", "Run ", tag("code", record.id, title=record.id), class_="eyebrow"),
        tag("div", tag("h1", record.pipeline), icons.badge(data.state.value), class_="title"),
        legend(data),
        facts(_facts(data)),
        _parameters(data),
        class_="head",
    )


def _facts(data: ReportData) -> Iterator[tuple[str, Child]]:
    record = data.record
    yield "Started", moment(data)
    yield "Took" if record.finished else "So far", words.seconds(between(record.created, data.end))
    yield "Environment", record.environment
    yield "By", record.by
    yield "Cost", cost(record.environment)
    yield "Code", digest(record.code)


def moment(data: ReportData) -> Markup:
    """Return when the run was made."""
    return tag("time", words.moment(data.record.created), datetime=data.record.created.isoformat())


def cost(environment: str) -> str:
    """Return what the run cost, as far as it is known."""
    return "no price: this machine" if environment == "local" else "no price is known here"


def _parameters(data: ReportData) -> Markup | None:
    chips = [
        tag("li", tag("span", name), " ", tag("b", words.cut(words.value(value), 120)))
        for name, value in data.record.parameters.items()
    ]
    return tag("ul", chips, class_="chips", aria_label="Parameters") if chips else None


def attention(data: ReportData) -> Markup | None:
    """Return what a person should look at first: failures, approvals, a run left alone; None when all is well."""
    failed = [step for step in data.steps if step.record.state is StepState.FAILED]
    items = [_failure(step) for step in failed[:FAILURES_SHOWN]]
    if len(failed) > FAILURES_SHOWN:
        items.append(tag("li", f"and {words.count(len(failed) - FAILURES_SHOWN, 'further failed step')}, below"))
    items += [_asked(data, step) for step in data.steps if is_asked(step)]
    if data.state is RunState.STALLED:
        items.append(
            tag(
                "li", "Nobody drives this run. Go on with ", code(f"moorage resume {data.record.id}{data.record.where}")
            )
        )
    if not items:
        return None
    return section(
        "attention", "What went wrong" if failed else "What it waits for", tag("ul", items, class_="attention")
    )


def is_asked(step: StepData) -> bool:
    """Return whether the step waits for a person."""
    stands = step.record
    return stands.asked is not None and stands.verdict is None and not stands.state.is_terminal


def _failure(step: StepData) -> Markup:
    cause = step.record.cause
    return tag(
        "li",
        icons.mark("failed"),
        tag(
            "div",
            tag("p", tag("b", step_link(step.name)), f" · cause: {words.cause(cause.value)}" if cause else None),
            tag("p", words.cut(first_line(step.record.message), 300), class_="message"),
            tag("p", prose(_sentence(ADVICE[cause].sentence)), class_="muted") if cause else None,
        ),
    )


def _asked(data: ReportData, step: StepData) -> Markup:
    by = " or ".join(step.spec.approval.by) if step.spec.approval else ""
    command = code(f"moorage approve {data.record.id} {step.name}{data.record.where}")
    return tag(
        "li",
        icons.mark("waiting"),
        tag(
            "div",
            tag("p", tag("b", step_link(step.name)), f" waits for {by or 'an approval'}"),
            tag("p", command),
        ),
    )


def first_line(message: str | None) -> str:
    """Return the first line of a message."""
    return (message or "").partition("\n")[0]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def advice(step: StepData) -> str | None:
    """Return what the step's cause asks for, as a sentence."""
    return None if step.record.cause is None else _sentence(ADVICE[step.record.cause].sentence)


def changes_table_rows(changes: Sequence[Change]) -> list[tuple[Child, ...]]:
    """Return a row per part of a key that changed: the part, what it was, what it is."""
    return [(change.part, key_part(change.before), key_part(change.now)) for change in changes]


def key_part(value: str | None) -> Child:
    """Return a part of a key: a digest in short, anything else as it is."""
    if value is None:
        return "none"
    return digest(value) if value.startswith("blake3:") else code(words.cut(value, 80))


def names(items: Sequence[str]) -> Child:
    """Return links to steps, or a dash for none."""
    return comma(map(step_link, items)) if items else words.NONE
