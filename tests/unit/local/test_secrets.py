"""Where this machine's secrets are found, and what is said when they are not."""

from pathlib import Path

import pytest

from moorage.errors import TargetError
from moorage_local.secrets import resolve, variable_of

WANTED = {"TOKEN": "acme-loans/api.token"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "secrets.yaml"
    found.touch(0o600)
    return found


def _refusal(file: Path) -> str:
    with pytest.raises(TargetError) as refused:
        resolve(WANTED, {}, file)
    return str(refused.value)


def test_a_variable_of_the_driver_comes_first(file: Path) -> None:
    file.write_text("acme-loans: {api.token: kept}")
    assert resolve(WANTED, {"MOORAGE_SECRET_ACME_LOANS_API_TOKEN": "said"}, file) == {"TOKEN": "said"}
    assert resolve(WANTED, {}, file) == {"TOKEN": "kept"}


def test_no_file_is_read_when_no_secret_is_named(tmp_path: Path) -> None:
    assert resolve({}, {}, tmp_path) == {}


def test_a_missing_secret_names_both_places(tmp_path: Path) -> None:
    said = _refusal(tmp_path / "secrets.yaml")
    assert "the secret 'acme-loans/api.token' is not on this machine" in said
    assert "set MOORAGE_SECRET_ACME_LOANS_API_TOKEN, or write `acme-loans: {api.token: ...}`" in said


def test_a_file_that_others_may_read_is_refused(file: Path) -> None:
    file.chmod(0o640)
    assert f"{file}: other users may read the secrets\n  fix: chmod 600 {file}" in _refusal(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("acme-loans: {api.token: hunter2", "the secrets are not YAML"),
        ("- hunter2", "the secrets are not groups of keys"),
        ("acme-loans: hunter2", "is not on this machine"),
        ("acme-loans: {api.token: 12345678}", "is not text but int"),
        ("acme-loans: {api.token: [hunter2]}", "is not text but list"),
        ("\x00hunter2", "the secrets are not YAML"),
    ],
)
def test_a_file_that_says_something_else_is_told_without_its_text(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    assert said in (seen := _refusal(file))
    assert "hunter2" not in seen
    assert "12345678" not in seen


def test_bytes_that_are_no_text_are_told(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00\xd8\xff")
    assert "the secrets are not YAML" in _refusal(file)


def test_the_variable_has_only_letters_that_a_shell_takes() -> None:
    assert variable_of("loans/db.pass-word") == "MOORAGE_SECRET_LOANS_DB_PASS_WORD"
