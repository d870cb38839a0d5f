"""Numbers, times and sizes as a person reads them."""

import math

import pytest

from moorage.report import words


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "\u2013"), (0.0421, "42 ms"), (-0.1, "0 ms"), (3.21, "3.2 s"), (42, "42 s"), (185, "3 min 05 s"),
     (7800, "2 h 10 min"), (273_600, "3 d 4 h")],
)  # fmt: skip
def test_spans_of_time(value: float | None, written: str) -> None:
    assert words.seconds(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.99123, "0.9912"), (200_000.0, "200,000"), (-3.0, "\u22123"), (16_764.2, "16,764"),
     (-0.5, "\u22120.5"), (1.2e-6, "1.2e-06"),
     (math.inf, "inf"), (math.nan, "nan")],
)  # fmt: skip
def test_numbers(value: float, written: str) -> None:
    assert words.number(value) == written


@pytest.mark.parametrize(
    ("size", "written"), [(0, "0 B"), (228_058, "228 kB"), (9_900, "9.9 kB"), (3 * 10**15, "3000.0 TB")]
)
def test_sizes(size: int, written: str) -> None:
    assert words.size(size) == written


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        (0, 10, "0 %"),
        (10, 10, "100 %"),
        (1, 10_000, "< 0.1 %"),
        (9_999, 10_000, "> 99.9 %"),
        (1, 3, "33.3 %"),
        (1, 0, "\u2013"),
    ],
)
def test_a_share_is_nothing_or_all_only_when_it_is(part: int, whole: int, written: str) -> None:
    assert words.share(part, whole) == written


@pytest.mark.parametrize(
    ("before", "after", "written"),
    [(1.0, 1.0, "same"), (2.0, 3.0, "+1 (+50.0%)"), (0.0, 3.0, "+3"), (2.0, 1.0, "\u22121 (\u221250.0%)")],
)
def test_differences_have_signs(before: float, after: float, written: str) -> None:
    assert words.difference(before, after) == written
