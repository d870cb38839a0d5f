"""Reading what nobody vouches for, in a process of its own."""

from pathlib import Path

import pytest

from moorage.contracts.compiler import compile_contract
from moorage.contracts.guarded import check_guarded, profile_guarded
from moorage.contracts.profile import profile_table
from moorage.contracts.table import check_table
from moorage.errors import SpecError
from tests.unit.contracts.tables import AGE, contract, write

ABORTS = """
import os
import pandera.polars as pa

class Rows(pa.DataFrameModel):
    age: int

    @pa.check("age")
    def last(cls, data):
        print("memory allocation failed", flush=True)
        os.abort()
"""


def test_it_finds_what_reading_here_finds(tmp_path: Path):
    path = write(tmp_path / "t", age=[20, 7])
    assert check_guarded(path, contract(AGE), "t") == check_table(path, contract(AGE), "t")
    assert profile_guarded(path) == profile_table(path)


def test_what_is_wrong_with_the_file_is_said_as_here(tmp_path: Path):
    with pytest.raises(SpecError, match="nowhere cannot be read"):
        profile_guarded(tmp_path / "nowhere")


def test_a_reader_that_crashes_takes_only_its_own_process_along(tmp_path: Path):
    (tmp_path / "aborts.py").write_text(ABORTS)
    asked = compile_contract("aborts:Rows", [tmp_path], "digest", tmp_path / "cache")
    with pytest.raises(
        SpecError, match=r"reading .*t gave no answer.*status -6.*memory allocation failed\n  fix: write"
    ):
        check_guarded(write(tmp_path / "t", age=[1]), asked, "t", roots=[tmp_path])
