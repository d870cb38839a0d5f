"""Whatever the bytes, a table opens or a sentence says why it does not."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moorage.contracts.compiled import Check, Column
from moorage.contracts.profile import profile_table
from moorage.contracts.split import split_table
from moorage.contracts.table import check_table
from moorage.errors import MoorageError, SpecError
from tests.unit.contracts.tables import contract

ASKED = contract(
    Column("a", "int64", unique=True, checks=(Check.of("ge", 0),)),
    Column("s", "string", checks=(Check.of("isin", "x", "y"),)),
    Column("x", "float64", nullable=True),
)


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole Parquet file."""
    path = tmp_path_factory.mktemp("whole") / "t.parquet"
    pl.DataFrame({"a": range(50), "s": ["x", "y"] * 25, "x": [1.5, None] * 25}).write_parquet(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no Parquet file: it begins with b''"),
        (b"a,b\n1,2\n", "is no Parquet file: it begins with b'a,b"),
        (b"PAR1" * 2, "was cut off after 8 bytes"),
        (b"PAR1" + bytes(100) + b"PAR1", "cannot be read as a table"),
    ],
)
def test_bytes_that_are_no_table_are_named(data: bytes, said: str, tmp_path: Path):
    (tmp_path / "t").write_bytes(data)
    with pytest.raises(SpecError) as caught:
        check_table(tmp_path / "t", ASKED, "t")
    assert said in str(caught.value)
    assert "fix: write the table again as Parquet" in str(caught.value)


def test_a_file_cut_off_anywhere_is_no_table(parquet: bytes, tmp_path: Path):
    for size in range(0, len(parquet), 97):
        (tmp_path / "t").write_bytes(parquet[:size])
        with pytest.raises(SpecError):
            check_table(tmp_path / "t", ASKED, "t")


@pytest.mark.parametrize("name", ["nowhere.parquet", "nowhere.csv"])
def test_a_file_that_is_not_there_is_named(name: str, tmp_path: Path):
    with pytest.raises(SpecError, match=name):
        check_table(tmp_path / name, ASKED, "t")


def test_a_folder_is_no_table(tmp_path: Path):
    with pytest.raises(SpecError, match="cannot be read as a table"):
        check_table(tmp_path, ASKED, "t")


def test_stars_in_a_name_are_no_pattern(parquet: bytes, tmp_path: Path):
    (tmp_path / "a*.parquet").write_bytes(parquet)
    (tmp_path / "ab.parquet").write_bytes(b"something else")
    assert not any(item.failed for item in check_table(tmp_path / "a*.parquet", ASKED, "t"))


CHANGES = st.lists(st.tuples(st.integers(4, 10_000), st.integers(0, 255)), min_size=1, max_size=4)


@settings(max_examples=40, derandomize=True)  # soaking, polars would abort this process: see test_guarded.py
@given(CHANGES)
def test_a_damaged_parquet_file_never_ends_in_a_traceback(parquet: bytes, folder: Path, changes: list[tuple[int, int]]):
    data = bytearray(parquet)
    for place, byte in changes:
        data[4 + place % (len(data) - 8)] = byte
    survives(folder / "t.parquet", bytes(data))


@given(st.one_of(st.binary(max_size=200), st.text("a1,\n\"'\r\0é;", max_size=60).map(str.encode)))
def test_junk_called_csv_never_ends_in_a_traceback(folder: Path, data: bytes):
    survives(folder / "t.csv", data)


def survives(path: Path, data: bytes) -> None:
    """Check, profile and split the bytes: each works, or raises an error of ours."""
    path.write_bytes(data)
    calls: list[Callable[[], object]] = [
        lambda: check_table(path, ASKED, "t"),
        lambda: profile_table(path),
        lambda: split_table(path, ASKED, path.with_name("good"), path.with_name("bad")),
    ]
    for call in calls:
        try:
            call()
        except MoorageError as error:
            assert str(error)  # noqa: PT017 - any error of ours will do
