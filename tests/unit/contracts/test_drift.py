"""Drift: what moved is seen, what only varies is not."""

import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.contracts.bins import Bin
from moorage.contracts.drift import LEAST_ROWS, drift
from moorage.contracts.histogram import Histogram, fit, key_of, merge
from moorage.contracts.profile import ColumnProfile, Profile, profile_table
from tests.unit.contracts.tables import write

GATE = 0.2


def column(cells: list[Any], path: Path) -> Profile:
    """Return the profile of a table of one column."""
    return profile_table(write(path, x=cells))


def normal(count: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> list[float]:
    """Return normally distributed numbers, the same for the same seed."""
    source = random.Random(seed)
    return [source.gauss(shift, scale) for _ in range(count)]


def test_a_table_has_not_drifted_from_itself(tmp_path: Path):
    profile = profile_table(write(tmp_path / "t", x=normal(2000, 1), c=list("ab") * 1000, d=[None, 1.0] * 1000))
    found = drift(profile, profile)
    assert found.value == 0.0
    assert found.judgeable
    assert all(each.psi == pytest.approx(0) for each in found.columns)


@pytest.mark.parametrize("origin", [0.0, 1e6, -1e9])
def test_a_shift_is_seen_wherever_the_numbers_lie(origin: float, tmp_path: Path):
    before = column([origin + number for number in normal(5000, 1)], tmp_path / "a")
    after = column([origin + number for number in normal(5000, 2, shift=0.6)], tmp_path / "b")
    found = drift(before, after)
    assert GATE < found.value < 0.5
    assert found.column == "x"
    assert found.metric is not None
    assert found.metric.startswith("PSI of 1")


@pytest.mark.parametrize("count", [LEAST_ROWS, 5000])
@pytest.mark.parametrize("seed", range(10))
def test_noise_does_not_trip_the_gate(count: int, seed: int, tmp_path: Path):
    source = random.Random(seed)
    first, second = (
        profile_table(
            write(
                tmp_path / name,
                x=normal(count, source.randrange(10**6)),
                y=[math.exp(number) for number in normal(count, source.randrange(10**6), scale=2)],
                c=[source.choice("abcdefgh") for _ in range(count)],
                n=[source.randrange(90) for _ in range(count)],
            )
        )
        for name in ("a", "b")
    )
    assert drift(first, second).value < GATE / 4


def test_the_size_of_the_samples_does_not_change_the_drift(tmp_path: Path):
    sizes = {}
    for count in (2000, 20_000):
        before = column(normal(count, 1), tmp_path / "a")
        sizes[count] = drift(before, column(normal(count, 2, shift=0.5), tmp_path / "b")).value
    assert sizes[2000] == pytest.approx(sizes[20_000], rel=0.25)


def test_few_rows_are_reported_and_never_judged(tmp_path: Path):
    found = drift(column(normal(LEAST_ROWS - 1, 1), tmp_path / "a"), column(normal(5000, 1, shift=9), tmp_path / "b"))
    assert found.value > 1
    assert not found.judgeable


def test_one_outlier_moves_nothing(tmp_path: Path):
    numbers = normal(5000, 1)
    found = drift(column(numbers, tmp_path / "a"), column([*numbers[1:], 1e9], tmp_path / "b"))
    assert found.value < 0.01


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([5.0] * 2000, [9.0] * 2000),
        ([0, 1] * 1000, [7, 8] * 1000),
        (["a"] * 2000, ["b"] * 2000),
        (["a", "b"] * 1000, ["a", "a", "a", "b"] * 500),
        ([1.0] * 2000, [1.0, None] * 1000),
        ([1.0] * 2000, [math.nan] * 2000),
        ([True] * 2000, [True, False] * 1000),
        ([f"v{number % 200}" for number in range(2000)], ["new"] * 2000),
        ([1.0] * 2000, ["1.0"] * 2000),
    ],
)
def test_what_moved_is_seen(before: list[Any], after: list[Any], tmp_path: Path):
    assert drift(column(before, tmp_path / "a"), column(after, tmp_path / "b")).value > GATE


def test_a_column_that_came_or_went_has_moved_wholly(tmp_path: Path):
    both = profile_table(write(tmp_path / "a", x=[1] * 2000, y=[1] * 2000))
    one = column([1] * 2000, tmp_path / "b")
    for found in (drift(both, one), drift(one, both)):
        assert (found.column, found.value > 5) == ("y", True)
        assert math.isfinite(found.value)


def test_one_unseen_value_in_a_thousand_is_no_drift(tmp_path: Path):
    before, after = list("ab") * 1000, [*list("ab") * 998, "a", "b", "new", "new"]
    found = drift(column(before, tmp_path / "a"), column(after, tmp_path / "b"))
    assert found.value < 0.05
    assert found.columns[0].bins[-1] == Bin("new values", 0, 2)


def test_tables_without_columns_have_no_drift():
    found = drift(Profile(5000, ()), Profile(5000, ()))
    assert (found.value, found.column, found.metric) == (0.0, None, None)


def test_a_result_explains_itself(tmp_path: Path):
    (found,) = drift(column(normal(2000, 1), tmp_path / "a"), column(normal(3000, 2, 1.0), tmp_path / "b")).columns
    assert (found.n_ref, found.n_cur) == (2000, 3000)
    assert sum(found.term(number) for number in range(len(found.bins))) == pytest.approx(found.psi)
    assert found.value == pytest.approx(found.psi - found.noise)
    assert found.noise == pytest.approx((len(found.bins) - 1) * (1 / 2000 + 1 / 3000))
    assert found.bins[1].label.count(" to ") == 1


COUNTS = st.lists(st.floats(-1e6, 1e6), max_size=60)


@given(COUNTS, COUNTS)
def test_bins_hold_every_cell_once(before: list[float], after: list[float]):
    reference, current = (profile_of(numbers) for numbers in (before, after))
    (found,) = drift(reference, current).columns
    assert sum(each.reference for each in found.bins) == len(before)
    assert sum(each.current for each in found.bins) == len(after)
    assert found.value >= 0


def profile_of(numbers: list[float]) -> Profile:
    """Return a profile of one column of numbers, made by hand."""
    histogram = Histogram()
    for number in numbers:
        histogram = merge(histogram, Histogram(0, ((key_of(number), 1),)))
    return Profile(len(numbers), (ColumnProfile("x", "number", 0, histogram=fit(histogram)),))
