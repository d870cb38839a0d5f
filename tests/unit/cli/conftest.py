"""Commands called as a shell calls them, in a project of their own."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from moorage.cli.exits import run
from moorage.runs.api import open_place
from moorage.store import Store
from tests.unit.cli.past import Past


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str


Call = Callable[..., Ended]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".moorage").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(project: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    def call(*arguments: str | Path) -> Ended:
        code = run([os.fspath(item) for item in arguments])
        printed = capfd.readouterr()
        return Ended(code, printed.out, printed.err)

    return call


@pytest.fixture
def store(project: Path) -> Store:
    return open_place("local", project).store


@pytest.fixture
def past(store: Store) -> Past:
    return Past(store)
