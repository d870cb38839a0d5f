"""Order and reach among steps."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.graph import cycle, dependants, downstream, order, upstream
from moorage.spec.models import Pipeline, Step


def pipeline(needs: dict[str, list[str]]) -> Pipeline:
    steps = tuple(Step(name=name, run="m:f", after=tuple(after)) for name, after in needs.items())
    return Pipeline(name="p", steps=steps)


DIAMOND = pipeline({"d": ["b", "c"], "c": ["a"], "b": ["a"], "a": [], "alone": []})


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, list[str]]:
    count = draw(st.integers(1, 12))
    names = [f"s{index}" for index in range(count)]
    needs = {
        name: draw(st.lists(st.sampled_from(names[:at]), unique=True)) if at else [] for at, name in enumerate(names)
    }
    shuffled = list(needs.items())
    draw(st.randoms(use_true_random=False)).shuffle(shuffled)
    return dict(shuffled)


def test_steps_come_after_what_they_wait_for_and_else_as_in_the_file():
    assert order(DIAMOND) == ("a", "c", "b", "d", "alone")
    assert order(pipeline({"c": [], "a": [], "b": []})) == ("c", "a", "b")


def test_who_waits_for_whom():
    assert dependants(DIAMOND) == {"d": (), "c": ("d",), "b": ("d",), "a": ("c", "b"), "alone": ()}
    assert downstream(DIAMOND, "a") == ("d", "c", "b")
    assert downstream(DIAMOND, "alone") == ()
    assert upstream(DIAMOND, "d") == ("c", "b", "a")


def test_an_unknown_step_is_a_key_error():
    with pytest.raises(KeyError):
        downstream(DIAMOND, "e")


def test_a_loop_is_found_and_named():
    looped = pipeline({"a": [], "b": ["a", "d"], "c": ["b"], "d": ["c"], "e": ["d"]})
    assert cycle(looped) == ("b", "d", "c", "b")
    with pytest.raises(ValueError, match="b -> d -> c -> b"):
        order(looped)


def test_a_step_that_waits_for_itself_is_a_loop():
    assert cycle(pipeline({"a": ["a"]})) == ("a", "a")


def test_a_long_chain_is_no_recursion():
    chain = pipeline({f"s{n}": [f"s{n + 1}"] if n < 4999 else [] for n in range(5000)})
    assert order(chain)[0] == "s4999"
    assert len(downstream(chain, "s4999")) == 4999


@given(acyclic())
def test_any_order_respects_what_waits(needs: dict[str, list[str]]):
    ordered = order(pipeline(needs))
    assert sorted(ordered) == sorted(needs)
    assert all(ordered.index(need) < ordered.index(name) for name, named in needs.items() for need in named)
    assert cycle(pipeline(needs)) is None


@given(acyclic(), st.randoms(use_true_random=False))
def test_a_loop_anywhere_is_found(needs: dict[str, list[str]], chance: random.Random):
    first = chance.choice(list(needs))
    looped = pipeline({**needs, first: [*needs[first], "new"], "new": [first]})
    loop = cycle(looped)
    assert loop
    assert loop[0] == loop[-1]
    assert all(after in looped.step(name).dependencies for name, after in itertools.pairwise(loop))
