"""The contract of the measured pipelines."""

import pandera.polars as pa


class Numbers(pa.DataFrameModel):
    """One number per row."""

    number: int = pa.Field(ge=0)
