"""What came of a run: its metrics and its models. Pure."""

from collections.abc import Iterator

from moorage.report import words
from moorage.report.artifacts import numbers
from moorage.report.data import ReportData
from moorage.report.html import Child, Markup, join, tag
from moorage.report.lineage import reference
from moorage.report.tables import code, digest, section, step_link, table

METRICS_SHOWN = 60
"""Metrics of more outputs than this are left to their steps."""


def results_section(data: ReportData) -> Markup | None:
    """Return the section with metrics and models; None when there are none."""
    parts = [*_metrics(data), *_models(data)]
    return section("results", "Results", parts) if parts else None


def _metrics(data: ReportData) -> Iterator[Markup]:
    for name, values in list(data.metrics.items())[:METRICS_SHOWN]:
        step, _, output = name.partition(".")
        yield tag("p", join((step_link(step), f".{output}")), class_="eyebrow")
        yield numbers(values.items())


def _models(data: ReportData) -> Iterator[Markup]:
    rows: list[tuple[Child, ...]] = [
        (
            code(reference(item)),
            step_link(item.step) if item.step in data.by_name else item.step,
            ", ".join(data.stages.get(reference(item), ())) or words.NONE,
            words.size(item.bento_size),
            digest(item.bento),
        )
        for item in data.models
    ]
    if rows:
        yield table("Model versions", ("Model version", "Made by", "Stages", "Bento", "Digest"), rows, numbers=(3,))
