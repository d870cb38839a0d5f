"""The page of one run. Pure: what it tells was gathered before."""

from moorage.report import words
from moorage.report.dag import graph_section
from moorage.report.data import ReportData
from moorage.report.head import attention, head
from moorage.report.limits import LEVELS, Limits, page_bytes
from moorage.report.page import foot, main, page
from moorage.report.results import results_section
from moorage.report.spec import spec_section
from moorage.report.steps import steps_section
from moorage.report.timeline import timeline_section


def render(data: ReportData) -> str:
    """Return the page, with as much in it as its size allows."""
    most = page_bytes(len(data.steps))
    for limits in LEVELS:
        found = render_at(data, limits)
        if len(found.encode()) <= most:
            break
    return found


def render_at(data: ReportData, limits: Limits) -> str:
    """Return the page with so much of everything."""
    graph, style = graph_section(data)
    look, results = attention(data), results_section(data)
    links = [("graph", "Graph"), ("timeline", "Timeline"), ("steps", "Steps"), ("spec", "Spec")]
    if results is not None:
        links.insert(2, ("results", "Results"))
    record = data.record
    return page(
        f"{record.pipeline} {data.state} · {record.id}",
        data.state.value,
        links,
        style,
        main(head(data), look, graph, timeline_section(data), results, steps_section(data, limits), spec_section(data)),
        foot(f"Run {record.id} as it stood on {words.moment(data.now)}. Times are UTC. Made by moorage report."),
    )
