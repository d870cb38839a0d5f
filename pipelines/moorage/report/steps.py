"""The section of each step: a line that says how it went, and behind it everything that is known. Pure."""

import re
from collections.abc import Iterator

from moorage.report import icons, words
from moorage.report.artifacts import inputs, metrics, outputs
from moorage.report.attempts import attempts
from moorage.report.checks import checks
from moorage.report.data import ReportData, StepData
from moorage.report.head import advice, changes_table_rows, first_line, is_asked
from moorage.report.html import Child, Markup, tag
from moorage.report.limits import Limits
from moorage.report.profiles import profiles
from moorage.report.tables import code, comma, digest, facts, prose, section, step_link, table
from moorage.spans import between
from moorage.spec.models import StepKind
from moorage.states import StepState

_OPEN = frozenset({StepState.FAILED, StepState.RUNNING, StepState.RETRYING})


def steps_section(data: ReportData, limits: Limits) -> Markup:
    """Return the section with all steps, and the buttons that show some of them."""
    states = list(dict.fromkeys(step.record.state.value for step in data.steps))
    buttons = [tag("button", "all", type="button", data_filter="", aria_pressed="true")]
    buttons += [
        tag(
            "button",
            icons.icon(state),
            state,
            type="button",
            data_filter=state,
            aria_pressed="false",
            class_=f"state {state}",
        )
        for state in states
    ]
    bar = tag("div", buttons, class_="filter", role="group", aria_label="Show only steps that are", hidden=True)
    return section(
        "steps", "Steps", bar if len(states) > 1 else None, [_card(step, data, limits) for step in data.steps]
    )


def _card(step: StepData, data: ReportData, limits: Limits) -> Markup:
    state = step.record.state
    took = words.seconds(between(step.record.started, step.record.finished)) if step.attempts else ""
    tries = f"{len(step.attempts)} attempts" if len(step.attempts) > 1 else None
    summary = tag(
        "summary",
        icons.mark(state.value),
        tag("h3", step.name),
        tag("span", _kind(step), class_="muted kind"),
        tag("span", tries, class_="muted") if tries else None,
        tag("span", took or state.value, class_="n"),
    )
    body = tag("div", *_body(step, data, limits), class_="body", id=f"step-{step.name}", tabindex=-1)
    return tag("details", summary, body, class_="card", data_state=state.value, open=state in _OPEN or is_asked(step))


def _kind(step: StepData) -> str:
    spec = step.spec
    if spec.kind is StepKind.FUNCTION:
        return words.cut(spec.run or "", 60)
    if spec.kind is StepKind.COMMAND:
        return words.cut(" ".join(spec.command or ()), 60)
    if spec.bento is not None:
        return f"bento of {spec.bento.model}"
    return "gate" if spec.kind is StepKind.GATE else "approval"


def _body(step: StepData, data: ReportData, limits: Limits) -> Iterator[Child]:
    yield from _said(step, data, limits)
    yield from attempts(step, data, limits)
    yield from checks(step, limits)
    yield from metrics(step)
    yield from profiles(step, limits)
    yield from inputs(step, data)
    yield from outputs(step)
    yield from _why(step)
    yield from _details(step)


def _said(step: StepData, data: ReportData, limits: Limits) -> Iterator[Markup]:
    stands = step.record
    if step.spec.kind is StepKind.GATE and stands.message and stands.state is not StepState.SKIPPED:
        yield tag("ul", [tag("li", text) for text in judgements(stands.message)], class_="limits")
    elif stands.message and stands.verdict is None:
        is_failure = stands.state is StepState.FAILED
        yield tag("p", words.cut(stands.message, limits.text), class_="message" if is_failure else "muted")
    if stands.state is StepState.FAILED and (sentence := advice(step)):
        yield tag("p", prose(sentence), class_="advice")
    for warning in stands.warnings[: limits.failed_checks]:
        yield tag("p", tag("b", "Warning: "), words.cut(warning, limits.line), class_="warning")
    if step.spec.approval is not None:
        yield from _approval(step, data)
    if step.record.state is StepState.WAITING and not is_asked(step):
        waits = [name for name in step.spec.dependencies if not data.step(name).record.state.is_terminal]
        yield tag("p", "Waits for ", comma(map(step_link, waits)) if waits else "its turn", class_="muted")


def judgements(message: str) -> list[str]:
    """Return the sentences of a gate, one per limit."""
    return re.split(r"(?<=required); ", message)


def _approval(step: StepData, data: ReportData) -> Iterator[Markup]:
    verdict = step.record.verdict
    if verdict is not None:
        said = "Approved" if verdict.approved else "Rejected"
        proof = " (as they say)" if verdict.claimed else ""
        comment = f": {first_line(verdict.comment)}" if verdict.comment else ""
        yield tag("p", f"{said} by {verdict.by}{proof}{comment}")
    elif is_asked(step):
        who = f" {' or '.join(step.spec.approval.by)}" if step.spec.approval and step.spec.approval.by else " a person"
        yield tag("p", f"Waits for{who} since {words.moment(step.record.asked)}. To let it through: ")
        yield tag("p", code(f"moorage approve {data.record.id} {step.name}{data.record.where}"))


def _why(step: StepData) -> Iterator[Markup]:
    if step.record.key is None:
        return
    yield tag("h4", "Why it was cached" if step.record.state is StepState.CACHED else "Why it ran")
    yield tag("p", f"{step.why.sentence}.")
    if step.why.changes and step.record.state is not StepState.CACHED:
        rows = changes_table_rows(step.why.changes)
        yield table(f"What changed in the key of {step.name}", ("Part", "Before", "Now"), rows)


def _details(step: StepData) -> Iterator[Markup]:
    spec = step.spec
    asked = spec.resources
    gpu = f", {asked.gpu.count} GPU" if asked.gpu else ""
    memory = words.number(asked.counted_memory_gib)
    resources = f"{words.number(asked.cpu)} CPU, {memory} GiB{gpu}" if spec.is_job else None
    given = ", ".join(f"{name} {words.cut(words.value(value), 60)}" for name, value in spec.parameters.items())
    rows: list[tuple[str, Child]] = [
        ("Parameters", given or None),
        ("Resources", resources),
        ("Nodes", str(asked.nodes) if asked.nodes > 1 else None),
        ("Secrets", ", ".join(spec.secrets) or None),
        ("Key", digest(step.record.key)),
    ]
    if any(value is not None for _, value in rows):
        yield tag("h4", "Details")
        yield facts(rows)
