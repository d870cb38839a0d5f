"""The graph of a run as inline SVG: a box per step, with its state as sign, word and colour. Pure."""

from collections.abc import Mapping, Sequence

from moorage.report import icons
from moorage.report.data import ReportData, StepData
from moorage.report.html import Markup, tag
from moorage.report.layout import BESIDES, LETTER, Box, Curve, Picture, layout
from moorage.report.tables import section
from moorage.report.words import cut

SMALLEST_SCALE = 0.7
"""The picture shrinks to the page's width down to this; past it, it scrolls."""


def graph_section(data: ReportData) -> tuple[Markup, str]:
    """Return the section, and the style that its picture needs."""
    needs = data.resolved.pipeline.needs
    picture = layout(needs)
    style = (
        f"#dag{{max-width:{picture.width:.0f}px;min-width:{min(picture.width * SMALLEST_SCALE, picture.width):.0f}px}}"
    )
    drawn = _svg(picture, needs, data.by_name)
    hint = tag("p", "Each box leads to its step below; arrow keys go from box to box.", class_="hint")
    skip = tag("a", "Skip the graph", href="#timeline", class_="skip")
    box = tag("div", drawn, class_="dag", id="dag-box")
    return section("graph", "Graph", hint, skip, box), style


def _svg(picture: Picture, needs: Mapping[str, Sequence[str]], steps: Mapping[str, StepData]) -> Markup:
    number = {name: at for at, name in enumerate(needs)}
    size = f"0 0 {picture.width:.0f} {picture.height:.0f}"
    return tag(
        "svg",
        tag("title", "The steps and what each waits for", id="dag-title"),
        tag("desc", f"{len(steps)} steps, from left to right in the order in which they run.", id="dag-desc"),
        tag("g", [_edge(curve, number) for curve in picture.curves], class_="edges", aria_hidden="true"),
        [_box(box, steps[box.step], needs[box.step], number) for box in picture.boxes],
        id="dag", role="group", aria_labelledby="dag-title", aria_describedby="dag-desc",
        viewBox=size, width=f"{picture.width:.0f}", height=f"{picture.height:.0f}",
    )  # fmt: skip


def _edge(curve: Curve, number: Mapping[str, int]) -> Markup:
    return tag("path", d=curve.path, data_a=number[curve.source], data_b=number[curve.step])


def _box(box: Box, step: StepData, waits_for: Sequence[str], number: Mapping[str, int]) -> Markup:
    state = step.record.state.value
    shown = cut(box.step, int((box.width - BESIDES) / LETTER) + 2)
    after = f", after {', '.join(waits_for)}" if waits_for else ""
    return tag(
        "a",
        tag("title", f"{box.step}: {state}") if shown != box.step else None,
        tag("rect", width=f"{box.width:.0f}", height=f"{box.height:.0f}", rx=8),
        Markup(f'<use href="#i-{state}" x="10" y="8" width="16" height="16"/>'),
        tag("text", shown, x=34, y=21),
        href=f"#step-{box.step}", class_=f"node {state}", data_n=number[box.step],
        aria_label=f"{box.step}: {state}{after}", transform=f"translate({box.x:.0f} {box.y:.0f})",
    )  # fmt: skip


def legend(data: ReportData) -> Markup:
    """Return how many steps stand in each state."""
    counts: dict[str, int] = {}
    for step in data.steps:
        counts[step.record.state.value] = counts.get(step.record.state.value, 0) + 1
    return icons.listed(counts)
