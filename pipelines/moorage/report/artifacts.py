"""Lineage both ways: what a step read and who made it, what it left and what came of that. Pure."""

from collections.abc import Iterable, Iterator

from moorage.report import words
from moorage.report.data import InputData, OutputData, ReportData, StepData
from moorage.report.head import names
from moorage.report.html import Child, Markup, join, tag
from moorage.report.tables import comma, digest, step_link, table_or_line
from moorage.step.request import Artifact

_RUNS_SHOWN = 5
_OUTPUTS = ("Name", "Kind", "Size", "Digest", "Read by", "Taken later by", "Became")


def inputs(step: StepData, data: ReportData) -> Iterator[Markup]:
    """Yield the table of what the step read."""
    if step.inputs:
        yield tag("h4", "Inputs")
        rows = [(item.name, _from(item, data), _much(item.artifact), _digest(item.artifact)) for item in step.inputs]
        yield table_or_line(f"Inputs of {step.name}", ("Name", "Made by", "Size", "Digest"), rows, numbers=(2,))


def outputs(step: StepData) -> Iterator[Markup]:
    """Yield the table of what the step left behind."""
    if not step.outputs:
        return
    yield tag("h4", "Outputs")
    rows = [_output(item) for item in step.outputs]
    yield table_or_line(f"Outputs of {step.name}", _OUTPUTS, rows, numbers=(2,))


def metrics(step: StepData) -> Iterator[Markup]:
    """Yield the numbers that the step left."""
    for item in step.outputs:
        if item.artifact.metrics:
            yield tag("h4", f"Metrics: {item.name}")
            yield numbers(item.artifact.metrics.items())


def numbers(pairs: Iterable[tuple[str, float]]) -> Markup:
    """Return metrics as names over large numbers."""
    cells = [tag("div", tag("dt", name), tag("dd", words.number(value))) for name, value in pairs]
    return tag("dl", cells, class_="numbers")


def _from(item: InputData, data: ReportData) -> Child:
    if item.step is None:
        return tag("code", words.cut(item.uri or "outside", 80))
    link = join((step_link(item.step), f".{item.output}"))
    if item.run is None or item.run == data.record.id:
        return link
    return join((link, " in run ", tag("code", item.run)))


def _output(item: OutputData) -> tuple[Child, ...]:
    artifact = item.artifact
    later = comma(tag("code", run) for run in item.later_runs[:_RUNS_SHOWN]) if item.later_runs else None
    more = len(item.later_runs) - _RUNS_SHOWN
    return (
        item.name,
        artifact.kind,
        _much(artifact),
        _digest(artifact),
        names(item.readers) if item.readers else None,
        join((later, f" and {more} more")) if more > 0 else later,
        ", ".join(item.models) or None,
    )


def _much(artifact: Artifact | None) -> str | None:
    if artifact is None:
        return None
    rows = f"{words.count(artifact.rows, 'row')}, " if artifact.rows is not None else ""
    return rows + words.size(artifact.size)


def _digest(artifact: Artifact | None) -> Child:
    return None if artifact is None else digest(artifact.digest)
