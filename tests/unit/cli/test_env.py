"""`moorage env`: list, show, and fetch from a file or from Pulumi."""

import json
from pathlib import Path

import pytest

from moorage.environments import load_environment
from tests.unit.cli.conftest import Call


@pytest.fixture
def document(project: Path) -> dict[str, object]:
    target = load_environment("local", project).target
    return {"schema": 1, "name": "team", "platform": "local", "target": dict(target), "store": str(project / "shared")}


@pytest.fixture
def file(document: dict[str, object], project: Path) -> Path:
    path = project / "team.json"
    path.write_text(json.dumps(document))
    return path


def fake_pulumi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "bin").mkdir()
    program = folder / "bin" / "pulumi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")


def test_local_is_always_there(call: Call) -> None:
    assert [item["name"] for item in json.loads(call("env", "list", "--json").out)] == ["local"]
    assert call("env", "list").out.splitlines()[1].split()[:2] == ["local", "local"]


def test_a_document_in_a_file_is_kept_and_shown(call: Call, file: Path) -> None:
    ended = call("env", "pull", "team", "--from", file)
    assert (ended.code, ended.err.split(":")[0]) == (0, "kept team")
    shown = json.loads(call("env", "show", "team", "--json").out)
    assert shown["store"] == json.loads(file.read_text())["store"]
    lines = call("env", "show", "team").out.splitlines()
    assert lines[0].split() == ["environment", "team"]
    assert any(line.startswith("target.cpu") for line in lines)
    assert not any(line.startswith("registry") for line in lines)
    file.write_text(json.dumps({**json.loads(file.read_text()), "registry": "registry.example/ml"}))
    assert call("env", "pull", "team", "--from", file).code == 0
    assert "registry.example/ml" in [line.split()[-1] for line in call("env", "show", "team").out.splitlines()]


def test_a_stack_is_asked_where_pulumi_is_there(
    call: Call, file: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_pulumi(
        project,
        f'[ "$*" = "stack output environment --json --stack team --non-interactive" ] && cat {file}',
        monkeypatch,
    )
    assert call("env", "pull", "team").code == 0
    assert load_environment("team", project).platform == "local"


def test_what_pulumi_says_is_handed_on(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pulumi(project, "echo 'error: no stack named team' >&2; exit 255", monkeypatch)
    ended = call("env", "pull", "team")
    assert ended.code == 2
    assert ended.err.startswith("error: pulumi said: no stack named team\n")


def test_a_stack_that_was_removed_is_told_as_such(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "error: current stack does not have output property 'environment'"
    fake_pulumi(project, f'echo "{said}" >&2; exit 255', monkeypatch)
    ended = call("env", "pull", "team")
    seen = "the stack 'team' has no output `environment`: it was not made, or was removed"
    assert (ended.code, ended.err) == (2, f"error: {seen}\n  fix: moorage env up team\n")


def test_an_answer_of_pulumi_that_is_no_json_is_a_sentence(
    call: Call, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_pulumi(project, "echo Please log in", monkeypatch)
    ended = call("env", "pull", "team")
    assert ended.code == 2
    assert "Please log in" in ended.err


def test_without_pulumi_the_other_way_is_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    ended = call("env", "pull", "team")
    assert ended.code == 2
    assert "moorage env pull team --from FILE" in ended.err


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("{", "it is not JSON"),
        ("[]", "is not an object"),
        ('{"schema": 1, "name": "other"}', "this is the document of 'other', not of 'team'"),
        ('{"schema": 7, "name": "team"}', "schema 7"),
        ("\x00\xff", "it is not JSON"),
    ],
)
def test_a_document_that_is_none_is_refused_and_nothing_is_kept(
    text: str, seen: str, call: Call, file: Path, project: Path
) -> None:
    file.write_text(text, encoding="latin-1")
    ended = call("env", "pull", "team", "--from", file)
    assert ended.code == 2
    assert seen in ended.err
    assert not (project / ".moorage" / "environments").exists()


def test_a_file_that_is_not_there_is_a_sentence(call: Call) -> None:
    ended = call("env", "pull", "team", "--from", "nowhere.json")
    assert ended.code == 2
    assert ended.err.startswith("error: nowhere.json: ")
