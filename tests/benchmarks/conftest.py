"""What the benchmarks share."""

import sys

import pytest

from tests.benchmarks.measure import Show, cpu_seconds


@pytest.fixture(scope="session")
def floor() -> float:
    """CPU seconds of `python -c pass`: what any command in Python costs here."""
    return cpu_seconds([sys.executable, "-c", "pass"], times=15)


@pytest.fixture
def show() -> Show:
    """Print one line of results."""

    def line(what: str, value: float, unit: str) -> None:
        print(f"\n  {what:<52} {value:7.1f} {unit}", end="")

    return line
