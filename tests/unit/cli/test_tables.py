"""`moorage contract check` and `moorage drift`: tables by themselves."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.unit.cli.conftest import Call

CONTRACT = """
import pandera.polars as pa


class Wines(pa.DataFrameModel):
    ash: float = pa.Field(gt=0)
    hue: float
"""


@pytest.fixture
def contract(project: Path) -> str:
    (project / "pipelines" / "cellar").mkdir(parents=True)
    (project / "pipelines" / "cellar" / "__init__.py").touch()
    (project / "pipelines" / "cellar" / "contracts.py").write_text(CONTRACT)
    return "cellar.contracts:Wines"


def table(path: Path, ash: list[float]) -> Path:
    pl.DataFrame({"ash": ash, "hue": [1.0] * len(ash)}).write_parquet(path)
    return path


def test_a_table_that_keeps_its_contract_is_well(contract: str, project: Path, call: Call) -> None:
    ended = call("contract", "check", contract, table(project / "good.parquet", [1.0, 2.0]))
    assert ended.code == 0
    assert ended.out.rstrip().endswith("hold")
    assert "2 rows" in ended.out


def test_a_broken_contract_ends_with_1_and_says_which_rows(contract: str, project: Path, call: Call) -> None:
    good, bad = table(project / "good.parquet", [1.0]), table(project / "bad.parquet", [1.0, -2.0, 3.0])
    ended = call("contract", "check", contract, good, bad)
    assert (ended.code, ended.err) == (1, "")
    assert "broken by 1 of 3 rows (row 1 is -2.0)" in ended.out
    failed = [item for item in json.loads(call("contract", "check", contract, bad, "--json").out) if item["failed"]]
    assert [(item["column"], item["failed"], item["rows"]) for item in failed] == [("ash", 1, 3)]


@pytest.mark.parametrize("named", ["nowhere.contracts:Wines", "cellar.contracts:Beers", "cellar.contracts"])
def test_a_contract_that_is_not_there_is_a_sentence(named: str, contract: str, project: Path, call: Call) -> None:
    ended = call("contract", "check", named, table(project / "good.parquet", [1.0]))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert "  fix: " in ended.err


def test_a_table_that_is_not_there_is_a_sentence(contract: str, call: Call) -> None:
    ended = call("contract", "check", contract, "nowhere.parquet")
    assert ended.code == 2
    assert "nowhere.parquet" in ended.err


def test_drift_ranks_the_columns_by_how_far_they_moved(project: Path, call: Call) -> None:
    before = table(project / "before.parquet", [float(number % 97) for number in range(5000)])
    now = table(project / "now.parquet", [float(number % 97) + 60 for number in range(5000)])
    ended = call("drift", before, now)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[1].split()[0] == "ash"
    told = json.loads(call("drift", before, now, "--json").out)
    assert told["judgeable"] is True
    assert told["value"] == told["columns"][0]["value"] > 0.2


def test_few_rows_are_told_to_be_too_few(project: Path, call: Call) -> None:
    one = table(project / "one.parquet", [1.0, 2.0])
    ended = call("drift", one, one)
    assert ended.code == 0
    assert "too few" in ended.err


@pytest.mark.parametrize("named", ["nowhere.parquet", "last:ingest.wines", "nothing"])
def test_what_is_neither_a_file_nor_an_output_is_a_sentence(named: str, project: Path, call: Call) -> None:
    ended = call("drift", named, table(project / "one.parquet", [1.0]))
    assert ended.code == 2
    assert ended.err.startswith("error: ")
