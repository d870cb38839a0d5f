"""The timeline's scale."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from moorage.report.clock import Clock, clock
from tests.unit.report.made import START


def _at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def _scale(end: float, *busy: tuple[float, float]) -> Clock:
    return clock(START, _at(end), [(_at(start), _at(stop)) for start, stop in busy])


def test_a_run_that_is_busy_all_the_time_is_drawn_to_scale() -> None:
    scale = _scale(100, (0, 60), (50, 100))
    assert [scale.place(_at(second)) for second in (0, 25, 100, 200, -5)] == pytest.approx([0, 25, 100, 100, 0])
    assert scale.cuts == ()


def test_a_night_in_which_nothing_ran_is_cut_short() -> None:
    scale = _scale(40_000, (0, 60), (39_000, 39_040))
    assert len(scale.cuts) == 2
    assert scale.place(_at(60)) > 40
    assert scale.place(_at(39_040)) - scale.place(_at(39_000)) > 30


def test_time_never_goes_backwards_on_the_page() -> None:
    scale = _scale(1000, (3, 4), (900, 901))
    places = [scale.place(_at(second)) for second in range(1000)]
    assert places == sorted(places)


def test_labels_stand_apart() -> None:
    for end in (0.01, 1, 7, 59, 600, 86_400 * 3):
        ticks = _scale(end, (0, end)).ticks()
        assert ticks[0].label == "0"
        assert all(after.left - before.left >= 9 for before, after in pairwise(ticks))


def test_a_run_that_took_no_time_has_a_scale() -> None:
    assert _scale(0).place(START) == 0
