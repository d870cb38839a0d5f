"""The peers that are measured beside moorage, in an environment of their own that is made once and kept."""

from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.floors import PROGRAMS
from tests.benchmarks.measure import Command, Failed
from tools import aside


def luigi(folder: Path, environ: Mapping[str, str], shape: str, number: int) -> Command:
    """Return the same steps as luigi's tasks, with two workers."""
    python = str(environment() / "bin" / "python")
    return Command([python, str(PROGRAMS / "luigi_steps.py"), shape, str(number)], folder, environ)


def environment() -> Path:
    """Return the environment that holds `requirements/bench.txt`, made when it is not there. Raises Failed."""
    try:
        return aside.environment("bench")
    except aside.AsideError as error:
        raise Failed(str(error)) from error
