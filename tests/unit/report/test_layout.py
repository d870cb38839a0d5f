"""The graph's picture: order from left to right, no box on another, few crossings."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from moorage.report.layers import MANY, MOST, crossings, depths, layered, thinned
from moorage.report.layout import Picture, layout

Needs = Mapping[str, Sequence[str]]


@st.composite
def _graphs(draw: st.DrawFn) -> Needs:
    size = draw(st.integers(1, 25))
    return {
        f"s{at}": [f"s{source}" for source in draw(st.lists(st.integers(0, at - 1), unique=True, max_size=4))]
        if at
        else []
        for at in range(size)
    }


@given(_graphs())
def test_each_step_stands_right_of_what_it_waits_for(needs: Needs) -> None:
    place = {box.step: box for box in layout(needs).boxes}
    assert set(place) == set(needs)
    for name, sources in needs.items():
        assert all(place[source].x + place[source].width < place[name].x for source in sources)


@given(_graphs())
def test_no_box_lies_on_another_and_all_are_in_the_picture(needs: Needs) -> None:
    picture = layout(needs)
    boxes = sorted(picture.boxes, key=lambda box: (box.x, box.y))
    for one, other in pairwise(boxes):
        assert one.x != other.x or one.y + one.height < other.y + 1e-6
    assert all(box.x >= 0 and box.y >= 0 for box in boxes)
    assert all(box.x + box.width <= picture.width and box.y + box.height <= picture.height for box in boxes)


@given(_graphs())
def test_every_edge_is_drawn_once(needs: Needs) -> None:
    drawn = sorted((curve.source, curve.step) for curve in layout(needs).curves)
    assert drawn == sorted((source, name) for name, sources in needs.items() for source in sources)


def test_the_same_graph_is_the_same_picture() -> None:
    needs = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}
    assert layout(needs) == layout(needs)


def test_two_chains_that_could_cross_do_not() -> None:
    needs = {"a": [], "b": [], "y": ["b"], "x": ["a"], "q": ["y"], "p": ["x"]}
    graph = layered(needs)
    assert crossings(graph.layers, graph.links) == 0


def test_a_long_chain_and_a_wide_fan_keep_their_shape() -> None:
    chain = layout({f"s{at}": [f"s{at - 1}"] if at else [] for at in range(100)})
    middle = {f"m{at}": ["a"] for at in range(98)}
    fan = layout({"a": [], **middle, "z": list(middle)})
    assert len({box.y for box in chain.boxes}) == 1
    assert len({box.x for box in fan.boxes}) == 3
    assert abs(_centre(fan, "a") - fan.height / 2) < 30


def _centre(picture: Picture, step: str) -> float:
    return next(box.y + box.height / 2 for box in picture.boxes if box.step == step)


def test_the_deepest_graph_needs_no_recursion() -> None:
    needs = {f"s{at}": [f"s{at - 1}"] if at else [] for at in range(5000)}
    assert depths(needs)["s4999"] == 4999


def test_of_many_edges_those_that_follow_from_others_are_not_drawn() -> None:
    needs = {f"s{at}": [f"s{source}" for source in range(at)] for at in range(60)}
    fewer, left_out = thinned(needs)
    assert sum(map(len, needs.values())) > MANY
    assert fewer == {f"s{at}": [f"s{at - 1}"] if at else [] for at in range(60)}
    assert left_out == 60 * 59 // 2 - 59


def test_of_a_few_edges_all_are_drawn() -> None:
    needs = {"a": [], "b": ["a"], "c": ["a", "b"]}
    assert thinned(needs) == (needs, 0)


def test_more_edges_than_anybody_could_see_are_not_drawn() -> None:
    sources = {f"a{at}": () for at in range(60)}
    needs: Needs = {**sources, **{f"b{at}": tuple(sources) for at in range(60)}}
    fewer, left_out = thinned(needs)
    assert sum(map(len, fewer.values())) <= MOST + 60
    assert left_out == 3600 - sum(map(len, fewer.values()))
    assert depths(fewer) == depths(needs)
