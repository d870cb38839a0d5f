"""The graph of a run as inline SVG: a box per step, with its state as sign, word and colour. Pure."""

from collections.abc import Mapping, Sequence

from moorage.report import icons
from moorage.report.data import ReportData, StepData
from moorage.report.html import Markup, tag
from moorage.report.layers import thinned
from moorage.report.layout import BESIDES, LETTER, Box, Curve, Picture, layout
from moorage.report.tables import section
from moorage.report.words import cut

SMALLEST_SCALE = 0.85
"""The picture shrinks to the page's width down to this; past it, it scrolls."""

_NAMED = 3


def graph_section(data: ReportData) -> tuple[Markup, str]:
    """Return the section, and the style that its picture needs."""
    needs = data.resolved.pipeline.needs
    drawn, left_out = thinned(needs)
    picture = layout(drawn)
    width = picture.width
    style = f"#dag{{max-width:{width:.0f}px;min-width:{width * SMALLEST_SCALE:.0f}px}}"
    style += f".node rect{{width:{picture.boxes[0].width:.0f}px}}"
    svg = _svg(picture, needs, data.by_name)
    said = "Each box leads to its step below; arrow keys go from box to box."
    less = f" {left_out:,} further lines are not drawn." if left_out else ""
    hint = tag("p", said, less, class_="hint")
    skip = tag("a", "Skip the graph", href="#timeline", class_="skip")
    box = tag("div", svg, class_="dag", id="dag-box")
    return section("graph", "Graph", hint, skip, box), style


def _svg(picture: Picture, needs: Mapping[str, Sequence[str]], steps: Mapping[str, StepData]) -> Markup:
    number = {box.step: at for at, box in enumerate(picture.boxes)}
    return tag(
        "svg",
        tag("title", "The steps and what each waits for", id="dag-title"),
        tag("desc", f"{len(steps)} steps, from left to right in the order in which they run.", id="dag-desc"),
        tag("g", [_edge(curve, number) for curve in picture.curves], class_="edges", aria_hidden="true"),
        [_box(box, steps[box.step], needs[box.step]) for box in picture.boxes],
        id="dag",
        role="group",
        aria_labelledby="dag-title",
        aria_describedby="dag-desc",
        viewBox=f"0 0 {picture.width:.0f} {picture.height:.0f}",
    )


def _edge(curve: Curve, number: Mapping[str, int]) -> Markup:
    return tag("path", d=curve.path, data_a=number[curve.source], data_b=number[curve.step])


def _box(box: Box, step: StepData, waits_for: Sequence[str]) -> Markup:
    state = step.record.state.value
    shown = cut(box.step, int((box.width - BESIDES) / LETTER) + 2)
    return tag(
        "a",
        tag("title", box.step) if shown != box.step else None,
        tag("rect"),
        tag("use", href=f"#i-{state}", width=16, height=16),
        tag("text", shown),
        href=f"#step-{box.step}",
        class_=f"node {state}",
        aria_label=f"{box.step}: {state}{_after(waits_for)}",
        transform=f"translate({box.x:.0f} {box.y:.0f})",
    )


def _after(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f", after {', '.join(names[:_NAMED])}{more}"


def legend(data: ReportData) -> Markup:
    """Return how many steps stand in each state."""
    counts: dict[str, int] = {}
    for step in data.steps:
        counts[step.record.state.value] = counts.get(step.record.state.value, 0) + 1
    return icons.listed(counts)
