"""The set-up uses the index that pip is set to use, and notices when an environment is stale."""

from pathlib import Path

import pytest

from tools import environment


def test_the_index_of_pip_becomes_the_index_of_uv():
    pip = {
        "global.index-url": "https://index.example/simple",
        "global.extra-index-url": "https://a.example\nhttps://b.example",
    }
    found = environment.uv_settings(pip, {})
    assert found["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert found["UV_INDEX"] == "https://a.example https://b.example"


def test_the_environment_wins_over_files_as_it_does_for_pip():
    pip = {
        "global.index-url": "https://a.example",
        "install.index-url": "https://b.example",
        ":env:.index-url": "https://c.example",
    }
    assert environment.uv_settings(pip, {})["UV_DEFAULT_INDEX"] == "https://c.example"


def test_what_is_set_for_uv_itself_is_left_alone():
    pip = {"global.index-url": "https://a.example"}
    assert "UV_DEFAULT_INDEX" not in environment.uv_settings(pip, {"UV_DEFAULT_INDEX": "https://b.example"})


def test_links_to_folders_that_are_not_there_are_dropped(tmp_path: Path):
    pip = {":env:.find-links": f"{tmp_path} {tmp_path / 'missing'} https://links.example"}
    assert environment.uv_settings(pip, {})["UV_FIND_LINKS"] == f"{tmp_path},https://links.example"


def test_nothing_set_leaves_the_defaults():
    assert environment.uv_settings({}, {}) == {"UV_PYTHON_DOWNLOADS": "never"}


def test_an_interpreter_without_ensurepip_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    monkeypatch.setattr(environment, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert environment.main() == 2
    assert "fix: apt-get install python3-venv" in capsys.readouterr().err


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Path, list[str]]:
    requirements, done = tmp_path / "requirements.txt", list[str]()
    requirements.write_text("one")
    monkeypatch.setattr(environment, "INPUTS", (requirements,))
    monkeypatch.setattr(environment, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(environment, "_create", lambda: done.append("create"))
    monkeypatch.setattr(environment, "_install", lambda: done.append("install"))
    return requirements, done


def test_an_unchanged_environment_costs_nothing(workshop: tuple[Path, list[str]]):
    environment.bring_up_to_date()
    environment.bring_up_to_date()
    assert workshop[1] == ["create", "install"]


def test_changed_requirements_are_installed_into_the_environment_that_is_there(workshop: tuple[Path, list[str]]):
    requirements, done = workshop
    environment.bring_up_to_date()
    requirements.write_text("two")
    environment.bring_up_to_date()
    assert done == ["create", "install", "install"]


def test_a_half_made_environment_is_made_again(workshop: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch):
    def fail() -> None:
        raise environment.SetupError("the index went away")

    with monkeypatch.context() as broken:
        broken.setattr(environment, "_install", fail)
        assert environment.main() == 2
    environment.bring_up_to_date()
    assert workshop[1] == ["create", "create", "install"]


def test_an_update_that_fails_leaves_no_stamp(workshop: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch):
    def fail() -> None:
        raise environment.SetupError("the index went away")

    environment.bring_up_to_date()
    workshop[0].write_text("two")
    monkeypatch.setattr(environment, "_install", fail)
    assert environment.main() == 2
    assert not environment.STAMP.exists()
