"""Which layer of the graph a step stands in, and in which order: longest path, then barycentres. Pure.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981).
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 6
"""How often the layers are put in order, there and back; more changes nothing that one sees."""

LONGEST = 24
"""An edge over more layers than this is drawn straight: it would take a place in each of them."""

MANY = 400
"""With more edges than this, those that follow from others are not drawn."""

MOST = 2000
"""No more edges than this are drawn at all."""


@dataclass(frozen=True)
class Node:
    """A step, or (`step` is None) the place where an edge passes through a layer."""

    id: int
    layer: int
    step: str | None = None


@dataclass(frozen=True)
class Layered:
    """The nodes of each layer, in order; `links` join nodes of neighbouring layers, `edges` are their paths."""

    layers: tuple[tuple[Node, ...], ...]
    links: tuple[tuple[int, int], ...]
    edges: Mapping[tuple[str, str], tuple[int, ...]]


def layered(needs: Mapping[str, Sequence[str]]) -> Layered:
    """Return the graph in layers; `needs` maps each step to those that it waits for, and has no cycle."""
    depth = depths(needs)
    nodes = {name: Node(number, depth[name], name) for number, name in enumerate(needs)}
    layers: list[list[Node]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node in nodes.values():
        layers[node.layer].append(node)
    edges: dict[tuple[str, str], tuple[int, ...]] = {}
    links: list[tuple[int, int]] = []
    made = len(nodes)
    for name, sources in needs.items():
        for source in sources:
            first, last = nodes[source], nodes[name]
            between = range(first.layer + 1, last.layer) if last.layer - first.layer <= LONGEST else ()
            passing = [Node(made + number, layer) for number, layer in enumerate(between)]
            made += len(passing)
            for node in passing:
                layers[node.layer].append(node)
            path = (first.id, *(node.id for node in passing), last.id)
            edges[source, name] = path
            links += pairwise(path)
    return Layered(_ordered(layers, links), tuple(links), edges)


def thinned(needs: Mapping[str, Sequence[str]]) -> tuple[Mapping[str, Sequence[str]], int]:
    """Return the graph with as few edges as can be drawn, and how many were left out: none of a graph with few."""
    edges = sum(map(len, needs.values()))
    if edges <= MANY:
        return needs, 0
    place = {name: number for number, name in enumerate(needs)}
    above: dict[str, int] = {}
    for name in sorted(needs, key=depths(needs).__getitem__):
        above[name] = 0
        for source in needs[name]:
            above[name] |= above[source] | 1 << place[source]
    fewer = {
        name: [each for each in sources if not _follows(each, sources, above, place)] for name, sources in needs.items()
    }
    room = MOST
    for name, sources in fewer.items():
        fewer[name] = sources[: max(room, 1)]  # one, so that the step keeps its layer
        room -= len(fewer[name])
    return fewer, edges - sum(map(len, fewer.values()))


def _follows(source: str, sources: Sequence[str], above: Mapping[str, int], place: Mapping[str, int]) -> bool:
    return any(above[other] >> place[source] & 1 for other in sources)


def depths(needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return each step's layer: one after the last of what it waits for."""
    depth: dict[str, int] = {}
    todo = list(needs)[::-1]
    while todo:
        name = todo[-1]
        missing = [source for source in needs[name] if source not in depth]
        if missing:
            todo += missing
            continue
        depth[name] = 1 + max((depth[source] for source in needs[name]), default=-1)
        todo.pop()
    return depth


def crossings(layers: Sequence[Sequence[Node]], links: Iterable[tuple[int, int]]) -> int:
    """Return how many links between neighbouring layers cross."""
    place = {node.id: (number, at) for number, layer in enumerate(layers) for at, node in enumerate(layer)}
    by_layer: dict[int, list[tuple[int, int]]] = {}
    for one, other in links:
        if place[other][0] - place[one][0] == 1:
            by_layer.setdefault(place[one][0], []).append((place[one][1], place[other][1]))
    return sum(map(_inversions, by_layer.values()))


def _inversions(pairs: list[tuple[int, int]]) -> int:
    seen: list[int] = []
    found = 0
    for _, end in sorted(pairs):
        found += len(seen) - bisect_right(seen, end)
        insort(seen, end)
    return found


def _ordered(layers: list[list[Node]], links: Sequence[tuple[int, int]]) -> tuple[tuple[Node, ...], ...]:
    before, after = _neighbours(links)
    place = {node.id: at for layer in layers for at, node in enumerate(layer)}
    best, fewest = [list(layer) for layer in layers], crossings(layers, links)
    for sweep in range(2 * SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            _sort(layer, before if down else after, place)
        if (found := crossings(layers, links)) < fewest:
            best, fewest = [list(layer) for layer in layers], found
    return tuple(tuple(layer) for layer in best)


def _neighbours(links: Sequence[tuple[int, int]]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for one, other in links:
        before.setdefault(other, []).append(one)
        after.setdefault(one, []).append(other)
    return before, after


def _sort(layer: list[Node], neighbours: Mapping[int, Sequence[int]], place: dict[int, int]) -> None:
    def centre(node: Node) -> float:
        found = [place[number] for number in neighbours.get(node.id, ())]
        return sum(found) / len(found) if found else place[node.id]

    layer.sort(key=centre)
    place.update({node.id: at for at, node in enumerate(layer)})
