"""The steps: each is a plain function of its inputs and parameters, so a test can call it directly.

Every step is a process of its own and imports what it needs: only two of them pay for scikit-learn.
"""

from pathlib import Path
from typing import Any

import polars as pl

from acme_tumors import sources

LABEL = "diagnosis"


def ingest(source: Path | None = None) -> pl.DataFrame:
    """Return the measurements in `source`, or the 569 masses that ship with scikit-learn."""
    return sources.built_in() if source is None else sources.read(source)


def split(measurements: pl.DataFrame, test_share: float, seed: int) -> dict[str, pl.DataFrame]:
    """Return `training` and `test` rows, with the same share of each diagnosis in both."""
    shuffled = measurements.sample(fraction=1, shuffle=True, seed=seed)
    place = pl.int_range(pl.len()).over(LABEL)
    is_test = place < (pl.len().over(LABEL) * test_share).ceil()
    return {"training": shuffled.filter(~is_test), "test": shuffled.filter(is_test)}


def train(training: pl.DataFrame, regularization: float, seed: int) -> Any:
    """Return a scaled logistic regression, fitted: it gives the probability that a mass is malignant."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = LogisticRegression(C=regularization, max_iter=1000, random_state=seed)
    return make_pipeline(StandardScaler(), regression).fit(*_features_and_labels(training))


def evaluate(model: Any, test: pl.DataFrame) -> dict[str, float]:
    """Return how well the model does on rows it has not seen; `recall` is the share of malignant ones found."""
    from sklearn.metrics import accuracy_score, recall_score, roc_auc_score

    features, is_malignant = _features_and_labels(test)
    probability = model.predict_proba(features)[:, 1]
    return {
        "auc": float(roc_auc_score(is_malignant, probability)),
        "accuracy": float(accuracy_score(is_malignant, probability >= 0.5)),
        "recall": float(recall_score(is_malignant, probability >= 0.5)),
        "rows": float(len(test)),
    }


def _features_and_labels(rows: pl.DataFrame) -> tuple[Any, Any]:
    return rows.drop(LABEL).to_numpy(), (rows[LABEL] == "malignant").to_numpy()
