"""What checking an artifact against a contract found. Plain data."""

from collections.abc import Mapping
from typing import Any

from moorage.frozen import Frozen


class CheckResult(Frozen):
    """One check of one contract on one artifact: how many of how many, and a few examples.

    `examples` are `(row, value)` pairs, rows counted from 0, values as text.
    """

    artifact: str
    contract: str
    column: str | None
    check: str
    failed: int
    rows: int
    examples: tuple[tuple[int | None, str], ...] = ()


def check_from(data: Mapping[str, Any]) -> CheckResult:
    """Return the check result that `asdict` wrote."""
    return CheckResult(**{**data, "examples": tuple((row, text) for row, text in data["examples"])})
