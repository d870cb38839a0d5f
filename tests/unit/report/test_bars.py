"""A column's histogram."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.contracts.profile import ColumnProfile
from moorage.report.bars import BARS, counts_of, describe, histogram, numbers_of
from tests.unit.report.made import numbers, words_of

FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(st.lists(FLOATS, min_size=1, max_size=200))
def test_no_number_is_lost_and_there_are_at_most_24_bars(values: list[float]) -> None:
    bars = counts_of(numbers("x", values))
    assert 1 <= len(bars) <= BARS
    assert sum(bars) == pytest.approx(len(values))
    assert all(bar >= 0 for bar in bars)


def test_even_numbers_make_even_bars() -> None:
    bars = counts_of(numbers("x", [float(number) for number in range(2400)]))
    assert max(bars) / min(bars) < 1.15


def test_the_widest_range_of_numbers_is_no_trouble() -> None:
    assert sum(counts_of(numbers("x", [-1.7e308, 0.0, 1.7e308]))) == pytest.approx(3)


def test_one_value_is_one_bar() -> None:
    assert counts_of(numbers("x", [3.0] * 5)) == (5.0,)


def test_categories_come_by_frequency() -> None:
    assert counts_of(words_of("flag", {"NO": 7, "SE": 3})) == (7.0, 3.0)


def test_what_is_not_counted_has_no_picture() -> None:
    assert histogram(ColumnProfile("x", "other", 0)) is None
    assert histogram(ColumnProfile("x", "number", 9)) is None


def test_the_picture_says_in_words_what_it_shows() -> None:
    assert describe(numbers("length", [1.0, 2.0, 6.0])) == "length: from 1 to 6, mean 3"
    assert describe(words_of("flag", {"NO": 7, "SE": 3}, other=1)) == "flag: NO 7, SE 3 and others"
    assert "<title>length: from 1 to 6, mean 3</title>" in str(histogram(numbers("length", [1.0, 2.0, 6.0])))


def test_dates_are_written_as_dates_and_spans_as_spans() -> None:
    day = 86_400e6
    assert numbers_of(numbers("at", [20_000 * day, 20_002 * day], "time")) == ("2024-10-04", "2024-10-05", "2024-10-06")
    assert numbers_of(numbers("took", [1e6, 3e6], "time")) == ("1.0 s", "2.0 s", "3.0 s")
