"""Checks that only pandera can run, under our semantics."""

from pathlib import Path

import polars as pl
import pytest

from moorage.contracts.compiled import Contract
from moorage.contracts.compiler import compile_contract
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


@pytest.fixture(params=[POLARS, PANDAS], ids=["polars", "pandas"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A source root with the same contracts in either flavour of pandera; each module has a name of its own."""
    (tmp_path / f"custom_{request.param['flavour']}.py").write_text(AUTHORED.format(**request.param))
    return tmp_path


def authored(root: Path, name: str) -> Contract:
    """Return one of the contracts of the module in `root`, compiled."""
    (module,) = root.glob("custom_*.py")
    return compile_contract(f"{module.stem}:{name}", [root], "digest", root / "cache")


def test_a_custom_check_counts_its_rows_and_nulls_break_none(root: Path):
    path = write(root / "t", age=[2, 3, None, 40], limit=[1.0, float("nan"), 9.0, None])
    found = {item.check: item for item in check_table(path, authored(root, "Rows"), "t", roots=[root])}
    assert {name: (found[name].failed, found[name].rows) for name in ("even", "small", "below")} == {
        "even": (1, 4),
        "small": (1, 4),
        "below": (1, 4),
    }
    assert (found["even"].examples, found["small"].examples) == (((1, "3"),), ((2, "9.0"),))
    assert found["below"].examples == ((3, "40, null"),)


def test_a_check_of_the_whole_table_or_one_that_raises_fails_once(root: Path):
    found = {
        item.check: item for item in check_table(write(root / "t", age=[2]), authored(root, "Whole"), "t", roots=[root])
    }
    assert found["broken"].examples == ((None, "it raised RuntimeError: no luck"),)
    assert found["enough"].failed == 1


def test_rows_that_break_a_custom_check_are_set_aside(root: Path):
    path = write(root / "t", age=[2, 3, 40], limit=[1.0, 2.0, 9.0])
    bad = root / "bad.parquet"
    assert split_table(path, authored(root, "Rows"), root / "good.parquet", bad, roots=[root]) == Split(1, 2)
    assert pl.read_parquet(bad)["_reasons"].to_list() == ["age: even", "limit: small; table: below"]


def test_the_environment_cannot_turn_custom_checks_off(root: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", "False")
    monkeypatch.setenv("PANDERA_VALIDATION_DEPTH", "SCHEMA_ONLY")
    path = write(root / "t", age=[3], limit=[1.0])
    assert any(item.failed for item in check_table(path, authored(root, "Rows"), "t", roots=[root]))


def test_a_contract_without_custom_checks_imports_nothing(tmp_path: Path):
    assert not broken(write(tmp_path / "t", age=[1]), contract())
