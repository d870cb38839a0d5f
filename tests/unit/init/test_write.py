"""Writing a new project: every file or none, and nothing of the user's is touched."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from moorage.cli.exits import run
from moorage.errors import SpecError
from moorage.init import Names, requirement, write_project
from moorage.init.write import TEMPLATE

ROOT = Path(__file__).parents[3]
NAMES = Names("my-wines")


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "project"
    write_project(folder, NAMES, "moorage==1.2.3")
    return folder


def test_every_file_of_the_template_is_written_under_its_own_name(written: Path) -> None:
    found = files(written)
    assert len(found) == len(list(TEMPLATE.rglob("*.template")))
    for path in ("Makefile", ".gitignore", ".github/workflows/ci.yml", "pipelines/my_wines/pipeline.yaml",
                 "bentos/my_wines/service.py", "infra/__main__.py", "stacks/Pulumi.local-dev.yaml",
                 "stacks/Pulumi.onprem.yaml"):  # fmt: skip
        assert path in found


def test_no_placeholder_is_left(written: Path) -> None:
    for path, text in files(written).items():
        assert not re.search(r"@[A-Z]+@", path + text), path


def test_the_template_holds_nothing_else(written: Path) -> None:
    assert {path.suffix for path in TEMPLATE.rglob("*") if path.is_file()} == {".template"}


def test_the_requirement_is_the_one_given_and_ours_is_one(written: Path) -> None:
    assert "moorage==1.2.3" in (written / "requirements.txt").read_text().splitlines()
    found = Requirement(requirement())
    assert found.name == "moorage"
    assert found.extras <= set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])


def test_the_code_that_is_written_keeps_its_own_rules(written: Path) -> None:
    for check in (["format", "--check"], ["check"]):
        command = [sys.executable, "-m", "ruff", *check, "--no-cache", "."]
        ended = subprocess.run(command, cwd=written, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout


def test_the_spec_that_is_written_checks(
    written: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(written)
    assert run(["check", "pipelines/my_wines"]) == 0
    assert capfd.readouterr().out == "my-wines: 6 steps, all well\n"


def test_its_environment_is_one_that_moorage_takes(written: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_infra.py"]
    ended = subprocess.run(command, cwd=written, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout


def test_a_file_in_the_way_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "infra").write_text("a file where a folder must be")
    (tmp_path / "Makefile").symlink_to("nowhere")
    before = files(tmp_path)
    with pytest.raises(SpecError) as caught:
        write_project(tmp_path, NAMES, "moorage")
    assert all(name in str(caught.value) for name in ("README.md", "infra", "Makefile"))
    assert files(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Makefile", "README.md", "infra"]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "mine.py").write_text("mine")
    (tmp_path / ".git").mkdir()
    write_project(tmp_path, NAMES, "moorage")
    assert (tmp_path / "tests" / "mine.py").read_text() == "mine"
    assert (tmp_path / "tests" / "test_steps.py").is_file()


def test_a_disk_that_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "mine.py").write_text("mine")
    rename = Path.rename
    moved: list[Path] = []

    def fails_later(self: Path, target: Path) -> Path:
        if len(moved) == 9:
            raise OSError(28, "No space left on device", os.fspath(target))
        moved.append(target)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_later)
    with pytest.raises(OSError, match="No space left"):
        write_project(tmp_path, NAMES, "moorage")
    assert len(moved) == 9
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["tests", "tests/mine.py"]


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    write_project(tmp_path / "a" / "b", NAMES, "moorage")
    assert (tmp_path / "a" / "b" / "Makefile").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(SpecError, match="is a file"):
        write_project(tmp_path / "taken", NAMES, "moorage")


@pytest.mark.parametrize("named", [".", "../here/", "new"])
def test_the_command_says_what_it_wrote_and_what_to_do_next(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert run(["init", named, "--name", "wines"]) == 0
    printed = capfd.readouterr().err
    assert "pipeline wines, package wines" in printed
    assert printed.endswith("next  cd new && make demo\n" if named == "new" else "next  make demo\n")
    assert (here / named / "pipelines" / "wines" / "pipeline.yaml").is_file()
