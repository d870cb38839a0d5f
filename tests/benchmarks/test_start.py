"""What it costs to start: the command line, and the process inside a job."""

import sys
from pathlib import Path

import pytest

from tests.benchmarks.measure import Show, cpu_seconds

MOORAGE = str(Path(sys.executable).with_name("moorage"))


@pytest.mark.parametrize(
    ("statement", "bound"),
    [("import moorage", 5.0), ("import moorage.step.request", 8.0), ("import moorage.store", 8.0)],
)
def test_imports(statement: str, bound: float, floor: float, show: Show):
    ratio = cpu_seconds([sys.executable, "-c", statement]) / floor
    show(f"{statement}, at most {bound:g}", ratio, "x python -c pass")
    assert ratio <= bound


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_the_command_line_before_a_command_needs_anything(arguments: tuple[str, ...], floor: float, show: Show):
    ratio = cpu_seconds([MOORAGE, *arguments]) / floor
    show(f"moorage {' '.join(arguments)}, at most 10", ratio, "x python -c pass")
    assert ratio <= 10
