"""What a loan application must satisfy, at ingest and in every request."""

import pandera.polars as pa
import polars as pl

PURPOSES = ("car", "education", "home", "medical", "other")


class Applications(pa.DataFrameModel):
    """One row per application, with what became of the loan. Money is in euros, `income` per month after tax."""

    application_id: pl.Int64 = pa.Field(ge=0, unique=True)
    amount: float = pa.Field(ge=500, le=100_000)
    term_months: pl.Int32 = pa.Field(isin=[12, 24, 36, 48, 60, 72, 84])
    income: float = pa.Field(gt=0, le=1_000_000)
    debt_ratio: float = pa.Field(ge=0, le=3)
    credit_score: pl.Int32 = pa.Field(ge=300, le=850)
    years_employed: float = pa.Field(ge=0, le=60, nullable=True)
    late_payments: pl.Int32 = pa.Field(ge=0, le=100)
    purpose: str = pa.Field(isin=PURPOSES)
    defaulted: bool

    class Config:
        """No column that nobody asked for."""

        strict = True
