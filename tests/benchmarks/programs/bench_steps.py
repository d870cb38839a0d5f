"""The steps of the measured pipelines."""

import time
from pathlib import Path


def source(who: str) -> dict[str, float]:
    """Return the first number."""
    return {"value": 0.0}


def pass_on(before: dict[str, float], who: str) -> dict[str, float]:
    """Return the next number."""
    return {"value": before["value"] + 1.0}


def collect(who: str, **numbers: dict[str, float]) -> dict[str, float]:
    """Return how many there were."""
    return {"value": float(len(numbers))}


def make_gigabyte(numbers: Path) -> None:
    """Write 125 million random numbers."""
    import numpy

    with numbers.open("wb") as file:
        numpy.save(file, numpy.random.default_rng(0).random(125_000_000))


def read_gigabyte(numbers: Path) -> dict[str, float]:
    """Return the first of them, without copying the others."""
    import numpy

    return {"first": float(numpy.load(numbers, mmap_mode="r")[0])}


def sleep(seconds: int) -> None:
    """Let the time pass."""
    time.sleep(seconds)


def make_table(salt: int) -> object:
    """Return a small table."""
    import polars

    return polars.DataFrame({"number": [salt]})


def copy_table(source: object, salt: int) -> object:
    """Return the table once more."""
    return source
