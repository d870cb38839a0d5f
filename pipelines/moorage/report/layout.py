"""Where each node of a layered graph stands on the page, in pixels; edges are smooth curves. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moorage.report.layers import Layered, Node, layered

NODE_HEIGHT = 32
NODE_GAP = 12
PASSING = 14
"""The room that an edge takes in a layer that it passes through."""

LAYER_GAP, WIDEST_GAP = 56, 220
"""Between two layers: the wider where a layer is high, so that edges to its ends are not too steep."""

MARGIN = 6
LETTER = 7.4
"""The width of a letter of a step's name, about."""

BESIDES = 52
"""The room for the sign of a step's state, and the edges of its box."""

NARROWEST, WIDEST = 96, 260
ROUNDS = 8


@dataclass(frozen=True)
class Box:
    """A step's box: its upper left corner and its size."""

    step: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Curve:
    """An edge from one step to another; `path` is an SVG path."""

    source: str
    step: str
    path: str


@dataclass(frozen=True)
class Picture:
    """The whole graph, with its size."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


def layout(needs: Mapping[str, Sequence[str]]) -> Picture:
    """Return the picture of a graph, from left to right; `needs` maps each step to those that it waits for."""
    graph = layered(needs)
    width = min(WIDEST, max(NARROWEST, BESIDES + LETTER * max(map(len, needs), default=0)))
    middle = _middles(graph)
    gap = min(WIDEST_GAP, max(LAYER_GAP, max(middle.values(), default=0) / 16))
    left = {node.id: MARGIN + node.layer * (width + gap) for layer in graph.layers for node in layer}
    nodes = {node.id: node for layer in graph.layers for node in layer}
    boxes = tuple(
        Box(node.step, left[node.id], middle[node.id] - NODE_HEIGHT / 2, width, NODE_HEIGHT)
        for node in nodes.values()
        if node.step is not None
    )
    curves = tuple(
        Curve(source, step, _curve([(left[number], middle[number]) for number in path], width))
        for (source, step), path in graph.edges.items()
    )
    count = len(graph.layers)
    bottom = max((box.y + box.height for box in boxes), default=0)
    lowest = max((middle[node.id] for node in nodes.values()), default=0)
    return Picture(2 * MARGIN + count * width + (count - 1) * gap, max(bottom, lowest + 4) + MARGIN, boxes, curves)


def _middles(graph: Layered) -> dict[int, float]:
    middle: dict[int, float] = {}
    for layer in graph.layers:
        middle |= _packed(layer, {})
    near: dict[int, list[int]] = {}
    for one, other in graph.links:
        near.setdefault(one, []).append(other)
        near.setdefault(other, []).append(one)
    for number in range(ROUNDS):
        for layer in graph.layers if number % 2 == 0 else reversed(graph.layers):
            wanted = {node.id: _mean([middle[other] for other in near.get(node.id, ())]) for node in layer}
            middle |= _packed(layer, {key: value for key, value in wanted.items() if value is not None})
    top = min((middle[node.id] - _room(node) / 2 for layer in graph.layers for node in layer), default=0)
    return {key: value - top + MARGIN for key, value in middle.items()}


def _packed(layer: Sequence[Node], wanted: Mapping[int, float]) -> dict[int, float]:
    # The places nearest to the wanted ones (least squares) at which no two boxes touch: each node minus the
    # room before it must not decrease, and pooling neighbours that do is exact.
    offsets, offset = [], 0.0
    for node in layer:
        offsets.append(offset + _room(node) / 2)
        offset += _room(node)
    blocks: list[tuple[float, int]] = []
    for node, before in zip(layer, offsets, strict=True):
        total, size = wanted.get(node.id, before) - before, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / size:
            total, size = total + blocks[-1][0], size + blocks[-1][1]
            blocks.pop()
        blocks.append((total, size))
    shifts = [total / size for total, size in blocks for _ in range(size)]
    return {node.id: before + shift for node, before, shift in zip(layer, offsets, shifts, strict=True)}


def _room(node: Node) -> float:
    return PASSING if node.step is None else NODE_HEIGHT + NODE_GAP


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _curve(places: Sequence[tuple[float, float]], width: float) -> str:
    (x, y), *rest = places
    x += width
    parts = [f"M{x:.0f} {y:.0f}"]
    for number, (next_x, next_y) in enumerate(rest):
        bend = (next_x - x) / 2
        parts.append(f"C{x + bend:.0f} {y:.0f} {next_x - bend:.0f} {next_y:.0f} {next_x:.0f} {next_y:.0f}")
        x, y = next_x, next_y
        if number < len(rest) - 1:
            parts.append(f"H{x + width:.0f}")
            x += width
    return "".join(parts)
