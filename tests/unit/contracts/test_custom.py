"""Checks that only pandera can run, under our semantics."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from moorage.contracts.compiled import Contract
from moorage.contracts.compiler import compile_contracts
from moorage.contracts.report import CheckResult
from moorage.contracts.split import Split, split_table
from moorage.contracts.table import check_table
from tests.unit.contracts.tables import broken, contract, write

pytestmark = pytest.mark.filterwarnings("default")  # pandera and pandas warn of each other

AUTHORED = """
import polars as pl
import pandera.{flavour} as pa

class Rows(pa.DataFrameModel):
    age: int = pa.Field(ge=0, nullable=True{coerce})
    limit: float = pa.Field(nullable=True)

    @pa.check("age")
    def even(cls, data):
        return {even}

    @pa.check("limit", element_wise=True)
    def small(cls, value):
        return value < 5

    @pa.dataframe_check
    def below(cls, data):
        return {below}

class Whole(pa.DataFrameModel):
    age: int

    @pa.dataframe_check
    def enough(cls, data):
        return {enough}

    @pa.check("age")
    def broken(cls, data):
        raise RuntimeError("no luck")
"""
POLARS = {
    "flavour": "polars",
    "coerce": "",
    "even": "data.lazyframe.select(pl.col(data.key) % 2 == 0)",
    "below": "data.lazyframe.select(pl.col('age').fill_null(0) < 10)",
    "enough": "data.lazyframe.select(pl.len() > 5)",
}
PANDAS = {
    "flavour": "pandas",
    "coerce": "",
    "even": "data % 2 == 0",
    "below": "data['age'].fillna(0) < 10",
    "enough": "len(data) > 5",
}


@dataclass(frozen=True)
class Authored:
    """A source root, and the contracts of its one module."""

    root: Path
    contracts: Mapping[str, Contract]


@pytest.fixture(scope="module", params=[POLARS, PANDAS], ids=["polars", "pandas"])
def authored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Authored:
    """The same contracts in either flavour of pandera; each module has a name of its own."""
    root, name = tmp_path_factory.mktemp("root"), f"custom_{request.param['flavour']}"
    (root / f"{name}.py").write_text(AUTHORED.format(**request.param))
    found = compile_contracts([f"{name}:Rows", f"{name}:Whole"], [root], "digest", root / "cache")
    return Authored(root, {contract.name: contract for contract in found.values()})


def check(path: Path, authored: Authored, name: str) -> dict[str, CheckResult]:
    """Return the results by the names of the checks."""
    found = check_table(path, authored.contracts[name], "t", roots=[authored.root])
    return {item.check: item for item in found}


def test_a_custom_check_counts_its_rows_and_nulls_break_none(authored: Authored, tmp_path: Path):
    path = write(tmp_path / "t", age=[2, 3, None, 40], limit=[1.0, float("nan"), 9.0, None])
    found = check(path, authored, "Rows")
    assert {name: (found[name].failed, found[name].rows) for name in ("even", "small", "below")} == {
        "even": (1, 4),
        "small": (1, 4),
        "below": (1, 4),
    }
    assert (found["even"].examples, found["small"].examples) == (((1, "3"),), ((2, "9.0"),))
    assert found["below"].examples == ((3, "40, null"),)


def test_a_check_of_the_whole_table_or_one_that_raises_fails_once(authored: Authored, tmp_path: Path):
    found = check(write(tmp_path / "t", age=[2]), authored, "Whole")
    assert found["broken"].examples == ((None, "it raised RuntimeError: no luck"),)
    assert found["enough"].failed == 1


def test_rows_that_break_a_custom_check_are_set_aside(authored: Authored, tmp_path: Path):
    path = write(tmp_path / "t", age=[2, 3, 40], limit=[1.0, 2.0, 9.0])
    bad, rows = tmp_path / "bad.parquet", authored.contracts["Rows"]
    assert split_table(path, rows, tmp_path / "good.parquet", bad, roots=[authored.root]) == Split(1, 2)
    assert pl.read_parquet(bad)["_reasons"].to_list() == ["age: even", "limit: small; table: below"]


def test_the_environment_cannot_turn_custom_checks_off(
    authored: Authored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", "False")
    monkeypatch.setenv("PANDERA_VALIDATION_DEPTH", "SCHEMA_ONLY")
    path = write(tmp_path / "t", age=[3], limit=[1.0])
    assert check(path, authored, "Rows")["even"].failed == 1


def test_a_contract_without_custom_checks_imports_nothing(tmp_path: Path):
    assert not broken(write(tmp_path / "t", age=[1]), contract())
