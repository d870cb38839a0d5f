"""Steps whose module imports pandas, though they hardly use it."""

import pandas


def source(who: str) -> dict[str, float]:
    """Return the first number."""
    return {"value": float(pandas.Series([0.0]).sum())}


def pass_on(before: dict[str, float], who: str) -> dict[str, float]:
    """Return the next number."""
    return {"value": float(pandas.Series([before["value"], 1.0]).sum())}
