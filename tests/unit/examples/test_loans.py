"""The loans example: a generator that can be trusted, and steps as plain functions."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyarrow.parquet import ParquetFile

from acme_loans import generator, steps
from acme_loans.contracts import Applications
from moorage.spec import StepKind, load

SPEC = Path(__file__).parents[3] / "pipelines" / "acme_loans" / "pipeline.yaml"
ROWS = generator.CHUNK + 1000


def made(rows: int, month: int = 0, drift: float = 0.0) -> pl.DataFrame:
    return pl.concat(generator.chunks(rows, seed=7, month=month, drift=drift))


def test_the_spec_is_right():
    kinds = [step.kind for step in load(SPEC).steps]
    assert kinds.count(StepKind.GATE) == 2
    assert kinds[-2:] == [StepKind.APPROVAL, StepKind.BENTO]


def test_the_same_seed_makes_the_same_rows():
    assert_frame_equal(made(2000), made(2000))


def test_a_longer_table_starts_with_the_rows_of_a_shorter_one():
    assert_frame_equal(made(ROWS).head(2000), made(2000))


@pytest.mark.parametrize("rows", [1, generator.CHUNK, ROWS])
def test_as_many_rows_are_made_as_were_asked_for_and_ids_are_unique(rows: int):
    table = made(rows)
    assert len(table) == rows == table["application_id"].n_unique()


@pytest.mark.parametrize(("month", "drift"), [(0, 0.0), (12, 0.05), (120, 0.5)])
def test_applications_keep_the_contract_in_every_month(month: int, drift: float):
    Applications.validate(made(5000, month, drift), lazy=True)


def test_applications_of_two_months_have_ids_of_their_own():
    assert set(made(5000)["application_id"]).isdisjoint(made(5000, month=1)["application_id"])


def test_months_without_drift_are_alike_and_not_the_same():
    first, later = made(20_000), made(20_000, month=6)
    assert first["income"].mean() == pytest.approx(later["income"].mean(), rel=0.02)
    assert not first["income"].equals(later["income"])


def test_drift_makes_each_month_poorer():
    incomes = [made(20_000, month, drift=0.05)["income"].median() for month in (0, 3, 6)]
    assert incomes == sorted(incomes, reverse=True)  # type: ignore[type-var]
    assert incomes[2] / incomes[0] == pytest.approx(0.74, abs=0.03)  # type: ignore[operator]


def test_ingest_writes_a_table_in_small_row_groups(tmp_path: Path):
    file = tmp_path / "applications.parquet"
    steps.ingest(file, rows=ROWS, seed=7, month=0, drift=0.0)
    groups = ParquetFile(file).metadata
    assert (groups.num_rows, groups.num_row_groups) == (ROWS, 2)
    assert_frame_equal(pl.read_parquet(file), made(ROWS))


def test_the_model_is_better_than_chance_on_what_it_has_not_seen():
    applications = made(20_000).lazy()
    scores = steps.evaluate(steps.train(applications, sample=8000), applications, sample=4000)
    assert scores["auc"] >= 0.7
    assert scores["rows"] == 4000
