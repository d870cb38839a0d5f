"""The floors: the least that Python can do the same in, and what each was when the goals were set.

A goal in seconds holds for the machine of facts/performance.md; elsewhere it is scaled by `now / then`.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.measure import Command

PROGRAMS = Path(__file__).parent / "programs"

PASS_CPU, PASS_NET = 0.010, 0.013
"""Seconds of `python -c pass` then."""
FORK_MS = {"chain": 2.5, "fan": 1.1}
"""Milliseconds per step then: a fork, a value in and out by a hashed file, a row in SQLite; the fan two at a time."""
INTERPRETER_MS = 24.7
"""The same with a new interpreter for each step."""
GENERATE_NET = 1.68
"""Seconds to make one GB of random numbers then."""


def nothing(folder: Path, environ: Mapping[str, str]) -> Command:
    """Return the start of Python."""
    return _python(folder, environ, "-c", "pass")


def imports(folder: Path, environ: Mapping[str, str]) -> Command:
    """Return the import of the libraries that a run cannot do without.

    With one model: `import pydantic` alone has long become a promise to import it when it is first used.
    """
    program = "import pydantic, obstore, click, yaml\nclass Model(pydantic.BaseModel):\n    number: int\n"
    return _python(folder, environ, "-c", program)


def pandas(folder: Path, environ: Mapping[str, str]) -> Command:
    """Return the import of pandas."""
    return _python(folder, environ, "-c", "import pandas")


def steps(folder: Path, environ: Mapping[str, str], shape: str, number: int, start: str) -> Command:
    """Return `number` steps that hand a value on, without anything else that a runner does."""
    return _python(folder, environ, str(PROGRAMS / "floor_steps.py"), shape, str(number), start)


def generate(folder: Path, environ: Mapping[str, str]) -> Command:
    """Return the making of one GB of random numbers."""
    return _python(folder, environ, "-c", "import numpy; numpy.random.default_rng(0).random(125_000_000)")


def artifact(folder: Path, environ: Mapping[str, str]) -> Command:
    """Return the same, written to a file that is hashed twice."""
    return _python(folder, environ, str(PROGRAMS / "floor_artifact.py"))


def _python(folder: Path, environ: Mapping[str, str], *arguments: str) -> Command:
    return Command([sys.executable, *arguments], folder, environ)
