"""The steps: each is a plain function of its inputs and parameters, so a test can call it directly.

The table is only ever streamed; a model learns from a bounded sample of it.
"""

from pathlib import Path
from typing import Any

import polars as pl

LABEL = "defaulted"
NOT_FEATURES = ("application_id", LABEL)
HELD_OUT = pl.col("application_id") % 5 == 0
"""The same application is always on the same side, in every month and every run."""


def ingest(applications: Path, rows: int, seed: int, month: int, drift: float) -> None:
    """Write `rows` applications of one month to `applications`, a Parquet file."""
    from pyarrow.parquet import ParquetWriter

    from acme_loans.generator import chunks

    first, *_ = chunks(1, seed=seed, month=month, drift=drift)
    with ParquetWriter(applications, first.to_arrow().schema) as writer:
        for chunk in chunks(rows, seed=seed, month=month, drift=drift):
            writer.write_table(chunk.to_arrow())


def train(applications: pl.LazyFrame, sample: int) -> Any:
    """Return a logistic regression fitted to at most `sample` applications: the probability of a default."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    features, defaulted = _features_and_labels(applications.filter(~HELD_OUT), sample)
    *numbers, purpose = range(features.shape[1])
    scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    encoded = make_column_transformer((scaled, numbers), (OneHotEncoder(), [purpose]))
    return make_pipeline(encoded, LogisticRegression(max_iter=1000)).fit(features, defaulted)


def evaluate(model: Any, applications: pl.LazyFrame, sample: int) -> dict[str, float]:
    """Return how well the model ranks held-out applications, and how far its probabilities are off."""
    from sklearn.metrics import brier_score_loss, roc_auc_score

    features, defaulted = _features_and_labels(applications.filter(HELD_OUT), sample)
    probability = model.predict_proba(features)[:, 1]
    return {
        "auc": float(roc_auc_score(defaulted, probability)),
        "brier": float(brier_score_loss(defaulted, probability)),
        "default_rate": float(defaulted.mean()),
        "rows": float(len(defaulted)),
    }


def _features_and_labels(applications: pl.LazyFrame, sample: int) -> tuple[Any, Any]:
    rows = applications.head(sample).collect(engine="streaming")
    return rows.drop(NOT_FEATURES).to_numpy(), rows[LABEL].to_numpy()
