"""The whole of what `moorage init` writes, run for real."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moorage.init import Names, write_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "wines"
    write_project(folder, Names("wines"), "moorage")
    return folder


def make(project: Path, target: str) -> str:
    variables = {key: value for key, value in os.environ.items() if key != "PYTEST_CURRENT_TEST"}
    command = ["make", target, f"PYTHON={sys.executable}"]
    ended = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.slow
def test_its_demo_runs_the_pipeline_and_asks_its_model(project: Path) -> None:
    printed = make(project, "demo")
    assert "succeeded  in" in printed
    assert "wines  version 1" in " ".join(printed.split("\n")).replace("   ", "  ")
    assert '"cultivar":"barolo"' in printed.replace(": ", ":")


@pytest.mark.slow
def test_its_tests_pass(project: Path) -> None:
    assert "7 passed" in make(project, "test")


@pytest.mark.slow
def test_its_checks_pass(project: Path) -> None:
    assert "all well" in make(project, "check")
