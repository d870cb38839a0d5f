"""Where a project begins."""

from pathlib import Path

import pytest

from moorage.project import find_root


@pytest.mark.parametrize("sign", ["Pulumi.yaml", "pyproject.toml", ".git"])
def test_the_nearest_sign_above_is_the_project(tmp_path: Path, sign: str):
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / "a" / sign).touch()
    (tmp_path / sign).touch()
    assert find_root(deep) == tmp_path / "a"


def test_a_folder_that_holds_moorage_comes_before_any_other_sign(tmp_path: Path):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "pyproject.toml").touch()
    (tmp_path / ".moorage").mkdir()
    assert find_root(deep) == tmp_path


def test_without_a_sign_the_project_is_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert find_root(Path()) == tmp_path
