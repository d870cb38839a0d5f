"""The tumours example: its spec, its steps as plain functions, and the files that users bring."""

from pathlib import Path

import joblib
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from acme_tumors import sources, steps
from acme_tumors.contracts import Measurements
from moorage.spec import load

SPEC = Path(__file__).parents[3] / "pipelines" / "acme_tumors" / "pipeline.yaml"


@pytest.fixture(scope="module")
def measurements() -> pl.DataFrame:
    return steps.ingest()


def test_the_spec_is_right():
    pipeline = load(SPEC)
    assert [step.name for step in pipeline.steps] == ["ingest", "split", "train", "evaluate", "gate", "package"]
    assert pipeline.step("ingest").inputs["source"].uri is None


def test_the_built_in_data_is_real_and_keeps_the_contract(measurements: pl.DataFrame):
    assert measurements.shape == (569, 31)
    assert dict(measurements["diagnosis"].value_counts().iter_rows()) == {"malignant": 212, "benign": 357}
    Measurements.validate(measurements, lazy=True)


@pytest.mark.parametrize("name", ["mine.csv", "mine.CSV", "mine.parquet"])
def test_a_file_of_the_users_own_is_read_the_same(measurements: pl.DataFrame, tmp_path: Path, name: str):
    file = tmp_path / name
    if name.endswith("parquet"):
        measurements.write_parquet(file)
    else:
        measurements.write_csv(file)
    assert_frame_equal(steps.ingest(file), measurements)


def test_a_copy_from_the_web_is_understood(measurements: pl.DataFrame, tmp_path: Path):
    theirs = {"mean": "{}_mean", "worst": "{}_worst"}
    names = {}
    for name in measurements.columns[:-1]:
        start, _, rest = name.partition("_")
        names[name] = theirs[start].format(rest) if start in theirs else name.removesuffix("_error") + "_se"
    copy = measurements.rename(names).with_columns(
        pl.col("diagnosis").replace({"malignant": "M", "benign": "B"}), id=pl.int_range(pl.len())
    )
    copy.write_csv(tmp_path / "web.csv")
    assert_frame_equal(steps.ingest(tmp_path / "web.csv"), measurements)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("mean radius", "mean_radius"), ("concave points_se", "concave_points_error"), (" Worst Area ", "worst_area")],
)
def test_column_names_are_made_alike(theirs: str, ours: str):
    assert sources.column_name(theirs) == ours


def test_a_file_of_another_kind_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"mine\.xlsx ends in '\.xlsx'; give a \.csv or a \.parquet file"):
        steps.ingest(tmp_path / "mine.xlsx")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("mine.csv", b""),
        ("mine.csv", b"mean radius\n\xff\xfe\n"),
        ("mine.csv", b"mean radius,mean_radius\n1,2\n"),
        ("mine.parquet", b"PAR1junkPAR1"),
        ("mine.parquet", b""),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_to_give(tmp_path: Path, name: str, data: bytes):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=rf"{name} cannot be read: .+; give a UTF-8 CSV"):
        steps.ingest(tmp_path / name)


def test_the_split_loses_no_row_and_keeps_the_shares(measurements: pl.DataFrame):
    parts = steps.split(measurements, test_share=0.25, seed=7)
    assert sum(len(part) for part in parts.values()) == 569
    assert pl.concat(parts.values()).unique().height == measurements.unique().height
    shares = [(part["diagnosis"] == "malignant").mean() for part in parts.values()]
    assert shares[0] == pytest.approx(shares[1], abs=0.01)


def test_the_model_passes_its_own_gate_and_is_the_same_each_time(measurements: pl.DataFrame):
    parts = steps.split(measurements, test_share=0.25, seed=7)
    models = [steps.train(parts["training"], regularization=1.0, seed=7) for _ in range(2)]
    scores = steps.evaluate(models[0], parts["test"])
    assert scores["auc"] >= 0.95
    assert scores["recall"] >= 0.85
    assert joblib.hash(models[0]) == joblib.hash(models[1])
