"""From pandera to a compiled contract, in a process of its own."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from moorage.contracts.compiled import Check, Column, Contract
from moorage.contracts.compiler import compile_contract, compile_contracts
from moorage.errors import SpecError

AUTHORED = """
import datetime as dt
import os
import sys
import pandas as pd
import pandera.pandas as pap
import pandera.polars as pa
import polars as pl

print("noise on stdout", flush=True)
print("noise on stderr", file=sys.stderr, flush=True)
os.write(1, b"more noise")

class Rows(pa.DataFrameModel):
    age: int = pa.Field(ge=0, in_range={"min_value": 18, "max_value": 120}, unique=True)
    code: str = pa.Field(str_matches=r"A\\d", isin=["b", "a", "a"], nullable=True)
    at: pl.Datetime("us", "UTC") = pa.Field(gt=dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc))
    score: float = pa.Field(coerce=True, metadata={"moorage": {"allow_nan": True}})
    kind: pl.Enum(["y", "x"])
    tags: pl.List(pl.Int64)
    maybe: pl.Int32 | None

    class Config:
        strict = True
        ordered = True
        unique = ["age", "code"]
        metadata = {"moorage": {"min_rows": 10}}

class Parent(pa.DataFrameModel):
    age: int

class Child(Parent):
    name: str

class Custom(pa.DataFrameModel):
    age: int = pa.Field(ge=0)
    code: str = pa.Field(str_matches=r"(?=a)b")

    @pa.check("age")
    def even(cls, data):
        return data.lazyframe.select(pl.col(data.key) % 2 == 0)

    @pa.dataframe_check
    def enough(cls, data):
        return data.lazyframe.select(pl.len() > 5)

class Pandas(pap.DataFrameModel):
    age: pd.Int64Dtype = pap.Field(ge=0)
    ratio: float
    name: str
    at: pap.DateTime
    flag: bool

length = pa.Check.str_length(exact_value=3, ignore_na=False)
schema = pa.DataFrameSchema({"age": pa.Column("int64", length)}, coerce=True)
"""
WRONG = """
import pandera.pandas as pap
import pandera.polars as pa
from pandera.typing import Index

class Rows(pa.DataFrameModel):
    age: int

class Filter(Rows):
    class Config:
        strict = "filter"

class Drops(Rows):
    class Config:
        drop_invalid_rows = True

class Indexed(pap.DataFrameModel):
    key: Index[int]

class Patterns(pa.DataFrameModel):
    x: int = pa.Field(alias="^x.*", regex=True)

class Text(pa.DataFrameModel):
    age: int = pa.Field(ge="a")

class Unknown(pa.DataFrameModel):
    age: int = pa.Field(metadata={"moorage": {"alow_nan": True}})

warns = pa.DataFrameSchema({"age": pa.Column(int, pa.Check.ge(0, raise_warning=True))})
number = 3
"""


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A source root with contracts that compile, that do not, and modules that raise."""
    root = tmp_path_factory.mktemp("roots")
    (root / "authored.py").write_text(AUTHORED)
    (root / "wrong.py").write_text(WRONG)
    (root / "raises.py").write_text("def inner():\n    return 1 / 0\n\n\ninner()\n")
    (root / "mistyped.py").write_text("class Rows(:\n")
    (root / "exits.py").write_text("raise SystemExit(3)\n")
    (root / "needs.py").write_text("import a_package_that_nobody_has\n")
    (root / "dies.py").write_text("import os\nprint('going', flush=True)\nos._exit(7)\n")
    return [root]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the contracts of `compiled` are kept."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def compiled(roots: list[Path], cache: Path) -> Mapping[str, Contract]:
    """Every contract of `authored.py`, by its name."""
    names = ("Rows", "Child", "Custom", "Pandas", "schema")
    found = compile_contracts([f"authored:{name}" for name in names], roots, "digest", cache)
    return {contract.name: contract for contract in found.values()}


def test_a_model_becomes_a_contract(compiled: Mapping[str, Contract]):
    ages = (Check.of("ge", 0), Check.of("in_range", 18, 120, True, True))
    codes = (Check.of("isin", "a", "b"), Check.of("str_matches", r"A\d"))
    after = Check.of("gt", datetime(2020, 1, 1, tzinfo=UTC))
    assert compiled["Rows"] == Contract(
        "Rows",
        "authored:Rows",
        (
            Column("age", "int64", unique=True, checks=ages),
            Column("code", "string", nullable=True, checks=codes),
            Column("at", "datetime", zone="UTC", checks=(after,)),
            Column("score", "float64", coerce=True, allow_nan=True),
            Column("kind", "string", checks=(Check.of("isin", "x", "y"),)),
            Column("tags", "List(Int64)"),
            Column("maybe", "int32", required=False),
        ),
        strict=True,
        ordered=True,
        unique=(("age", "code"),),
        min_rows=10,
    )


def test_what_a_model_inherits_is_in_its_contract(compiled: Mapping[str, Contract]):
    assert [column.name for column in compiled["Child"].columns] == ["age", "name"]


def test_what_cannot_be_compiled_is_named_with_its_reason(compiled: Mapping[str, Contract]):
    assert compiled["Custom"].custom == (
        "age: even (a function of yours)",
        "code: str_matches (its pattern is beyond the Rust subset of regular expressions)",
        "table: enough (a check of the whole table)",
    )
    assert compiled["schema"].custom == ("age: str_length (ignore_na=False: nulls are values here)",)


def test_only_a_contract_with_custom_checks_depends_on_the_code_around_it(compiled: Mapping[str, Contract]):
    assert (compiled["Custom"].source, compiled["Rows"].source) == ("digest", "")
    assert compiled["Custom"].pandera.startswith("0.")


def test_pandas_types_are_ours_too(compiled: Mapping[str, Contract]):
    types = [column.dtype for column in compiled["Pandas"].columns]
    assert types == ["int64", "float64", "string", "datetime", "bool"]


def test_a_schema_is_as_good_as_a_model(compiled: Mapping[str, Contract]):
    assert compiled["schema"].columns == (Column("age", "int64", coerce=True),)


def test_a_second_compile_of_the_same_source_starts_no_process(
    compiled: Mapping[str, Contract], roots: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert compile_contract("authored:Child", roots, "digest", cache) == compiled["Child"]
    with pytest.raises(AssertionError, match="a process was started"):
        compile_contract("authored:Child", roots, "another digest", cache)


def test_a_damaged_entry_of_the_cache_is_compiled_again(
    compiled: Mapping[str, Contract], roots: list[Path], cache: Path, tmp_path: Path
):
    shutil.copytree(cache, tmp_path, dirs_exist_ok=True)
    for kept in (tmp_path / "contracts").iterdir():
        kept.write_bytes(b"half of it")
    assert compile_contract("authored:Child", roots, "digest", tmp_path) == compiled["Child"]


SENTENCES = {
    "authored:Row": "module 'authored' has no 'Row'\n  fix: did you mean 'Rows'?",
    "nowhere:Rows": "there is no module 'nowhere' under",
    "authored.deeper:Rows": "there is no module 'authored.deeper' under",
    "wrong:number": "wrong:number is a int, no pandera schema",
    "wrong:Filter": "strict='filter', which drops columns",
    "wrong:Drops": "drop_invalid_rows\n  fix: set `on_breach: quarantine`",
    "wrong:Indexed": "it has an index",
    "wrong:Patterns": "is a pattern of names\n  fix: name each column",
    "wrong:Text": "column 'age' is int64, which ge(a) cannot judge",
    "wrong:Unknown": "metadata['moorage'] has 'alow_nan'\n  fix: did you mean 'allow_nan'?",
    "wrong:warns": "a check that only warns",
    "raises:Rows": "raises.py:2: importing raises failed: ZeroDivisionError: division by zero",
    "mistyped:Rows": "mistyped.py:1: importing mistyped failed: SyntaxError",
    "exits:Rows": "importing exits failed: SystemExit: 3",
    "needs:Rows": "importing needs failed: ModuleNotFoundError: No module named 'a_package_that_nobody_has'",
}


def test_everything_that_is_wrong_is_said_at_once_each_in_a_sentence(roots: list[Path], tmp_path: Path):
    with pytest.raises(SpecError) as caught:
        compile_contracts(list(SENTENCES), roots, "digest", tmp_path)
    said = dict(zip(SENTENCES, map(str, caught.value.problems), strict=True))
    assert {reference: text for reference, text in said.items() if SENTENCES[reference] not in text} == {}
    assert "Traceback" not in str(caught.value)
    assert not (tmp_path / "contracts").exists()


def test_a_module_that_ends_the_process_is_named_with_its_last_words(roots: list[Path], tmp_path: Path):
    with pytest.raises(SpecError, match=r"compiling dies:Rows gave no answer.*status 7.*going"):
        compile_contract("dies:Rows", roots, "digest", tmp_path)


def test_without_pandera_the_sentence_says_what_to_install(roots: list[Path], tmp_path: Path, monkeypatch: Any):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(SpecError, match=r"pip install 'moorage\[tables\]'"):
        compile_contract("authored:Rows", roots, "digest", tmp_path)
