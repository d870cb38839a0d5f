"""What a run costs per step, when the steps themselves cost nothing, and again when all is cached."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.measure import Show, cpu_seconds

MOORAGE = str(Path(sys.executable).with_name("moorage"))
STEPS = 20


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose pipeline is a chain of steps that do nothing."""
    steps = [f"  - {{name: s{n}, run: 'noop.steps:nothing'{_after(n)}}}" for n in range(STEPS)]
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "noop").mkdir()
    (tmp_path / "noop" / "__init__.py").touch()
    (tmp_path / "noop" / "steps.py").write_text("def nothing():\n    pass\n")
    (tmp_path / "pipeline.yaml").write_text("\n".join(["name: chain", "code: [.]", "steps:", *steps]))
    return tmp_path


def test_a_chain_of_steps_that_do_nothing(project: Path, floor: float, show: Show):
    started = time.perf_counter()
    subprocess.run([MOORAGE, "run", "pipeline.yaml"], cwd=project, check=True, capture_output=True)
    wall = time.perf_counter() - started
    show(f"a chain of {STEPS}, wall time per step", 1000 * wall / STEPS, "ms")
    cached = cpu_seconds([MOORAGE, "run", "pipeline.yaml"], folder=project)
    show(f"the same, all {STEPS} cached, CPU of the whole command", cached / floor, "x python -c pass")
    assert wall / STEPS < 5, "a step that does nothing takes seconds"


def test_checking_a_spec(project: Path, floor: float, show: Show):
    checked = cpu_seconds([MOORAGE, "check", "pipeline.yaml"], folder=project)
    show(f"moorage check, {STEPS} steps", checked / floor, "x python -c pass")
    assert checked / floor < 60


def _after(n: int) -> str:
    return f", after: [s{n - 1}]" if n else ""
