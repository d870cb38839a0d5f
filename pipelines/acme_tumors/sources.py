"""Where the measurements come from: scikit-learn's copy, or a file of the user's own.

A file may have the column names of scikit-learn (`mean radius`), of this example (`mean_radius`) or of the
copies that go around on the web (`radius_mean`, `radius_se`, `radius_worst`, a diagnosis of M or B, an `id`).
"""

import re
from pathlib import Path

import polars as pl

DIAGNOSES = {"M": "malignant", "B": "benign"}
_ENDINGS = (("mean", r"mean_\1"), ("se", r"\1_error"), ("worst", r"worst_\1"))


def built_in() -> pl.DataFrame:
    """Return the 569 masses that ship with scikit-learn: 30 measurements and `diagnosis`."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    names = [column_name(str(name)) for name in data.feature_names]
    diagnosis = pl.Series("diagnosis", [str(data.target_names[label]) for label in data.target])
    return pl.DataFrame(data.data, schema=names).with_columns(diagnosis)


def read(source: Path) -> pl.DataFrame:
    """Return the measurements in a `.csv` or `.parquet` file, under this example's names.

    Raises ValueError for any other file. Whether the values make sense is for the contract to say.
    """
    try:
        table = _table(source).rename(column_name)
    except pl.exceptions.PolarsError as error:
        seen = (str(error).splitlines() or [""])[0]
        raise ValueError(f"{source.name} cannot be read: {seen}; give a UTF-8 CSV with a header, or Parquet") from error
    extra = [name for name in table.columns if name == "id" or name.startswith("unnamed") or not name]
    return table.drop(extra).with_columns(pl.col(pl.Int64).cast(pl.Float64), pl.col("^diagnosis$").replace(DIAGNOSES))


def column_name(name: str) -> str:
    """Return the snake case name: `mean radius` and `radius_mean` are `mean_radius`."""
    snake = re.sub(r"\W+", "_", name.strip().lower()).strip("_")
    for ending, turned in _ENDINGS:
        snake = re.sub(rf"^(.+)_{ending}$", turned, snake)
    return snake


def _table(source: Path) -> pl.DataFrame:
    match source.suffix.lower():
        case ".csv":
            return pl.read_csv(source, infer_schema_length=None)
        case ".parquet":
            return pl.read_parquet(source)
        case other:
            raise ValueError(f"{source.name} ends in {other!r}; give a .csv or a .parquet file")
