"""A project with requirements, an environment that takes images, and programs that build them."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from moorage.store import Store, open_store
from tests.unit.cli.conftest import Call, call
from tests.unit.images.place import install_platform, write_environment

__all__ = ["Call", "call"]
HASHED = f"click==8.2.0 \\\n    --hash=sha256:{'a' * 64}\n"
PROGRAM = Path(__file__).with_name("program.py")


@dataclass(frozen=True)
class Programs:
    """The fakes on PATH; what the last build was given, and a way to make the next one fail."""

    folder: Path

    def install(self, *names: str) -> None:
        (self.folder / "bin").mkdir(exist_ok=True)
        for name in names:
            program = self.folder / "bin" / name
            program.write_text(f"#!{sys.executable}\n{PROGRAM.read_text()}")
            program.chmod(0o755)

    @property
    def build(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "state" / "builds.json").read_text())
        return found

    def fail(self, text: str) -> None:
        (self.folder / "state").mkdir(exist_ok=True)
        (self.folder / "state" / "failure.txt").write_text(text)

    def stop(self) -> None:
        (self.folder / "state").mkdir(exist_ok=True)
        (self.folder / "state" / "broken").touch()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which `call` calls, with hashed requirements and the environments `team` and `bare`."""
    folder = tmp_path / "project"
    (folder / ".moorage").mkdir(parents=True)
    (folder / "requirements.txt").write_text(HASHED)
    monkeypatch.chdir(folder)
    install_platform(tmp_path / "site", monkeypatch)
    write_environment(folder, "team", "registry.example/team")
    write_environment(folder, "bare")
    return folder


@pytest.fixture
def store(project: Path) -> Store:
    return open_store(project / "store")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs' / 'bin'}:/nowhere")
    (tmp_path / "programs").mkdir()
    return Programs(tmp_path / "programs")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "moorage-9.9-py3-none-any.whl"
    path.write_bytes(b"a wheel")
    return path
