"""What the shell offers: commands, runs and environments."""

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.cli.past import Past


def completed(project: Path, *words: str) -> list[str]:
    asked = {"_MOORAGE_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(["moorage", *words])}
    command = [sys.executable, "-m", "moorage"]
    variables = {**os.environ, **asked, "COMP_CWORD": str(len(words))}
    ended = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    return [line.partition(",")[2] for line in ended.stdout.splitlines() if line]


def test_commands_are_completed(project: Path) -> None:
    assert completed(project, "co") == ["contract", "completion"]


def test_runs_are_completed_newest_first(project: Path, past: Past) -> None:
    past.succeeded("rone", day=0)
    past.succeeded("rtwo", day=1)
    assert completed(project, "show", "r") == ["rtwo", "rone"]


def test_environments_are_completed(project: Path) -> None:
    assert completed(project, "runs", "-e", "lo") == ["local"]


def test_where_nothing_can_be_known_nothing_is_offered(project: Path) -> None:
    assert completed(project, "show", "-e", "nowhere", "r") == []
