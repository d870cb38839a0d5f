"""Profiles: what they hold, and that parts merge into the whole."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.contracts import profiling
from moorage.contracts.histogram import MOST, Histogram, coarsen, fit, key_of, merge, number_of
from moorage.contracts.profile import (
    SCHEMA,
    TOP,
    ColumnProfile,
    Moments,
    Profile,
    profile_from_json,
    profile_table,
    profile_to_json,
)
from moorage.contracts.profile import merge as merge_profiles
from moorage.errors import SpecError
from tests.unit.contracts.tables import write

NUMBERS = st.floats(allow_nan=False)
CELLS = st.one_of(st.none(), st.integers(-1000, 1000).map(float), st.sampled_from([math.nan, math.inf, 1e300, -1e-9]))


def of(path: Path, **columns: Any) -> Profile:
    """Return the profile of a table with these columns."""
    return profile_table(write(path, **columns))


@given(st.lists(NUMBERS))
def test_keys_have_the_order_of_the_numbers(numbers: list[float]):
    assert sorted(numbers) == [number_of(key) for key in sorted(map(key_of, numbers))]


def histogram(numbers: list[float]) -> Histogram:
    """Return the histogram of numbers, one by one."""
    whole = Histogram()
    for number in numbers:
        whole = merge(whole, Histogram(0, ((key_of(number), 1),)))
    return whole


@given(st.lists(NUMBERS), st.lists(NUMBERS), st.lists(NUMBERS))
def test_the_order_of_merging_never_shows(one: list[float], two: list[float], three: list[float]):
    a, b, c = map(histogram, (one, two, three))
    assert merge(merge(a, b), c) == merge(a, merge(b, c)) == merge(merge(c, a), b)


def test_past_the_most_buckets_neighbours_are_joined_as_little_as_needed():
    numbers = [float(number) for number in range(4 * MOST)]
    one, half = histogram(numbers), histogram(numbers[: len(numbers) // 2])
    assert one.total == len(numbers)
    assert MOST // 2 < len(one.counts) <= MOST
    assert merge(half, histogram(numbers[len(numbers) // 2 :])) == one
    assert fit(coarsen(half, half.shift)) == half


def test_numbers_far_from_zero_keep_buckets_of_their_own(tmp_path: Path):
    profile = of(tmp_path / "t", x=[1e6 + number / 10 for number in range(400)])
    assert profile.columns[0].histogram is not None
    assert len(profile.columns[0].histogram.counts) == 400


def test_a_profile_counts_what_is_missing_and_measures_the_rest(tmp_path: Path):
    (column,) = of(tmp_path / "t", x=[1.0, 2.0, 3.0, None, math.nan, math.inf]).columns
    assert (column.kind, column.nulls, column.nans, column.distinct) == ("number", 1, 1, 4)
    assert column.moments == Moments(3, 2.0, 2.0, 1.0, 3.0)
    assert column.histogram is not None
    assert column.histogram.total == 4


@pytest.mark.parametrize(
    ("cells", "kind", "top"),
    [
        (["b", "a", "b", None], "category", (("b", 2), ("a", 1))),
        ([True, False, True], "category", (("true", 2), ("false", 1))),
        ([datetime(2026, 1, 1, tzinfo=UTC)], "time", ()),
        ([timedelta(1)], "time", ()),
        ([[1], [2]], "other", ()),
        ([None, None], "other", ()),
    ],
)
def test_each_kind_of_column_has_its_profile(cells: list[Any], kind: str, top: Any, tmp_path: Path):
    (column,) = of(tmp_path / "t", x=cells).columns
    assert (column.kind, column.top) == (kind, top)


def test_times_of_any_unit_and_dates_are_on_one_scale(tmp_path: Path):
    noon = datetime(2026, 1, 1, tzinfo=UTC)
    units = {unit: pl.Series([noon], dtype=pl.Datetime(unit, "UTC")) for unit in ("ms", "us", "ns")}
    columns = of(tmp_path / "t", day=[noon.date()], **units).columns
    assert {column.moments and column.moments.mean for column in columns} == {noon.timestamp() * 1e6}


def test_more_values_than_are_named_are_counted_together(tmp_path: Path):
    (column,) = of(tmp_path / "t", x=[f"v{number % 200}" for number in range(1000)]).columns
    assert (len(column.top), column.other) == (TOP, 5 * (200 - TOP))


def test_names_are_no_categories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(profiling, "MOST_VALUES", 100)
    (column,) = of(tmp_path / "t", x=[f"v{number}" for number in range(1000)]).columns
    assert (column.top, column.other) == ((), 1000)


def test_long_texts_are_cut_and_stay_apart(tmp_path: Path):
    (column,) = of(tmp_path / "t", x=["x" * 5000, "x" * 5001]).columns
    assert len(column.top) == 2
    assert all(len(value) < 150 for value, _ in column.top)


def test_a_table_without_rows_or_columns_has_a_profile(tmp_path: Path):
    assert of(tmp_path / "t", x=pl.Series([], dtype=pl.Float64)).rows == 0
    assert of(tmp_path / "u").columns == ()


@given(st.lists(st.tuples(CELLS, st.sampled_from(["a", "b", None])), max_size=30), st.integers(0, 30))
def test_the_profiles_of_two_parts_merge_into_that_of_the_whole(folder: Path, rows: list[Any], cut: int):
    whole, first, second = (
        of(
            folder / name,
            x=pl.Series([x for x, _ in part], dtype=pl.Float64),
            c=pl.Series([c for _, c in part], dtype=pl.String),
        )
        for name, part in (("whole", rows), ("first", rows[:cut]), ("second", rows[cut:]))
    )
    merged = merge_profiles(first, second)
    assert exact(merged) == exact(whole)
    for one, other in zip(merged.columns, whole.columns, strict=True):
        if one.moments and other.moments:
            assert (one.moments.count, one.moments.minimum) == (other.moments.count, other.moments.minimum)
            assert one.moments.mean == pytest.approx(other.moments.mean)
            assert one.moments.m2 == pytest.approx(other.moments.m2)


def exact(profile: Profile) -> list[Any]:
    """Return what merges without any rounding."""
    return [
        profile.rows,
        *((c.name, c.nulls, c.nans, c.distinct, c.histogram, c.top, c.other) for c in profile.columns),
    ]


def test_batches_leave_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "t", x=[math.sin(number) * 1e5 for number in range(5000)], c=list("abcde") * 1000)
    whole = profile_table(path)
    monkeypatch.setattr(profiling, "BATCH_ROWS", 77)
    assert exact(profile_table(path)) == exact(whole)


def test_a_profile_survives_its_json_and_is_small(tmp_path: Path):
    columns = {f"c{number}": [math.exp(math.sin(row * number)) for row in range(5000)] for number in range(1, 11)}
    profile = of(tmp_path / "t", **columns, name=[f"v{row}" for row in range(5000)])
    data = profile_to_json(profile)
    assert profile_from_json(data) == profile
    assert profile_to_json(profile_from_json(data)) == data
    assert len(data) < 40_000


def test_the_same_table_has_the_same_bytes(tmp_path: Path):
    path = write(tmp_path / "t", x=[math.sin(number) for number in range(3000)], c=list("abc") * 1000)
    assert profile_to_json(profile_table(path)) == profile_to_json(profile_table(path))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"schema":1,"rows":1,"columns":[{}]}', b"\xff"])
def test_bytes_that_are_no_profile_are_refused_in_a_sentence(data: bytes):
    with pytest.raises(SpecError, match="this is no profile"):
        profile_from_json(data)


def test_a_newer_profile_is_refused_with_what_to_do():
    with pytest.raises(SpecError, match=r"schema 2.*\n  fix: pip install"):
        profile_from_json(b'{"schema":%d,"rows":0,"columns":[]}' % (SCHEMA + 1))


def test_profiles_of_different_tables_do_not_merge():
    with pytest.raises(SpecError, match="different columns"):
        merge_profiles(Profile(0, ()), Profile(0, (ColumnProfile("x", "other", 0),)))
