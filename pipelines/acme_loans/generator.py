"""A bank's loan applications, made up: the same seed makes the same rows, in any number, in little memory.

Rows come in chunks with a random stream each, so a longer table starts with the rows of a shorter one.
With `drift`, each month is a little poorer than the one before: incomes and credit scores fall, debts rise.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from acme_loans.contracts import PURPOSES

CHUNK = 1 << 16
"""Rows that are made at one time."""
TERMS = np.array([12, 24, 36, 48, 60, 72, 84], dtype=np.int32)

Floats = NDArray[np.float64]


def chunks(rows: int, *, seed: int, month: int = 0, drift: float = 0.0) -> Iterator[pl.DataFrame]:
    """Yield `rows` applications of one month, at most `CHUNK` at a time.

    `drift` is how far one month moves: with 0.01, incomes fall by one per cent a month.
    """
    for start in range(0, rows, CHUNK):
        made = _chunk(default_rng((seed, month, start)), start, month, drift)
        yield made.head(rows - start)


def _chunk(random: Generator, start: int, month: int, drift: float) -> pl.DataFrame:
    moved = drift * month
    income = np.clip(random.lognormal(7.9 - moved, 0.45, CHUNK), 200, 200_000).round(2)
    amount = np.clip(random.lognormal(9.3, 0.7, CHUNK), 500, 100_000).round(2)
    term = random.choice(TERMS, CHUNK)
    debt = np.clip(random.gamma(2.0, 0.15, CHUNK) + moved, 0, 3).round(4)
    score = np.clip(random.normal(680 - 200 * moved, 70, CHUNK), 300, 850).astype(np.int32)
    employed = np.clip(random.exponential(7, CHUNK), 0, 60).round(1)
    late = np.minimum(random.poisson(0.6 + 2 * moved, CHUNK), 100).astype(np.int32)
    risk = _risk(amount / term / income, debt, score, employed, late)
    return pl.DataFrame(
        {
            "application_id": _ids(start, month),
            "amount": amount,
            "term_months": term,
            "income": income,
            "debt_ratio": debt,
            "credit_score": score,
            "years_employed": pl.Series(employed).set(pl.Series(random.random(CHUNK) < 0.03), None),
            "late_payments": late,
            "purpose": random.choice(PURPOSES, CHUNK, p=[0.4, 0.15, 0.2, 0.1, 0.15]),
            "defaulted": random.random(CHUNK) < risk,
        }
    )


def _ids(start: int, month: int) -> NDArray[np.int64]:
    # A multiplication by an odd number keeps them unique and spreads them evenly, so that ids themselves never drift.
    numbers = np.arange(start, start + CHUNK, dtype=np.uint64) + np.uint64(month << 32)
    return (numbers * np.uint64(0x9E3779B97F4A7C15) & np.uint64(2**40 - 1)).astype(np.int64)


def _risk(burden: Floats, debt: Floats, score: NDArray[np.int32], employed: Floats, late: NDArray[np.int32]) -> Floats:
    odds = -2.6 + 2.5 * burden + 1.8 * debt - 0.012 * (score - 680) - 0.05 * employed + 0.55 * late
    risk: Floats = 1 / (1 + np.exp(-odds))
    return risk
