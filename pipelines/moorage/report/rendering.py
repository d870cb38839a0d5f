"""The page of one run. Pure: what it tells was gathered before."""

from collections.abc import Callable

from moorage.report import words
from moorage.report.dag import graph_section
from moorage.report.data import ReportData
from moorage.report.head import attention, head
from moorage.report.html import Markup, join
from moorage.report.limits import LEVELS, page_bytes
from moorage.report.page import foot, main, page
from moorage.report.results import results_section
from moorage.report.spec import spec_section
from moorage.report.steps import steps_section
from moorage.report.timeline import timeline_section


def render(data: ReportData) -> str:
    """Return the page, with as much in it as its size allows."""
    most = page_bytes(len(data.steps))
    around = _around(data)
    for limits in LEVELS:
        found = around(steps_section(data, limits))
        if len(found.encode()) <= most:
            break
    return found


def _around(data: ReportData) -> Callable[[Markup], str]:
    graph, style = graph_section(data)
    look, results = attention(data), results_section(data)
    links = [("graph", "Graph"), ("timeline", "Timeline"), ("steps", "Steps"), ("spec", "Spec")]
    if results is not None:
        links.insert(2, ("results", "Results"))
    before = join((head(data), look, graph, timeline_section(data), results))
    after = spec_section(data)
    record = data.record
    title = f"{record.pipeline} {data.state} · {record.id}"
    said = f"Run {record.id} as it stood on {words.moment(data.now)}. Times are UTC. Made by moorage report."
    return lambda steps: page(title, data.state.value, links, style, main(before, steps, after), foot(said))
