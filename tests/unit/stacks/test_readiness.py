"""Whether Pulumi can work here: each thing that it lacks is said."""

import json
from pathlib import Path

import pytest

from moorage.operations import Finding
from moorage.stacks.engine import Engine
from moorage.stacks.project import StackFile
from moorage.stacks.readiness import readiness

PASSPHRASE = {"PULUMI_CONFIG_PASSPHRASE": ""}


def pulumi(folder: Path, version: str = "v3.259.0", url: str | None = "file:///state") -> Engine:
    who = json.dumps({"user": "ann", "url": url})
    login = f"echo '{who}'" if url else "echo 'error: log in' >&2; exit 1"
    program = folder / "pulumi"
    program.write_text(f'#!/bin/sh\nif [ "$1" = version ]; then echo {version}; else {login}; fi\n')
    program.chmod(0o755)
    return Engine(folder, "dev", str(program))


def ask(folder: Path, engine: Engine, environ: dict[str, str] = PASSPHRASE, **said: str) -> Finding:
    virtualenv = folder / ".venv"
    (virtualenv / "bin").mkdir(parents=True, exist_ok=True)
    file = StackFile(folder, "shop", "dev", folder, said, {"platform": "kubernetes"}, virtualenv)
    return readiness(file, "pulumi_kubernetes", lambda: engine, environ).ask()


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    for module in ("pulumi", "pulumi_kubernetes"):
        package = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / module
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
    return tmp_path


def test_all_is_well(whole: Path):
    assert ask(whole, pulumi(whole)) == Finding(True, "v3.259.0, file:///state")


def test_a_key_in_the_back_ends_address_is_not_shown(whole: Path):
    found = ask(whole, pulumi(whole, url="s3://key:secret@bucket?region=x"))
    assert found == Finding(True, "v3.259.0, s3://bucket")


def test_an_old_one_is_refused(whole: Path):
    assert "this is pulumi v3.9.0" in ask(whole, pulumi(whole, "v3.9.0")).seen


def test_nobody_is_logged_in(whole: Path):
    found = ask(whole, pulumi(whole, url=None))
    assert found.seen == "no back end answers (pulumi whoami said: log in)"
    assert "pulumi login" in found.fix


@pytest.mark.parametrize("said", [{}, {"encryptionsalt": "v1:x"}, {"secretsprovider": "passphrase"}])
def test_a_passphrase_is_missing(whole: Path, said: dict[str, str]):
    assert "under a passphrase" in ask(whole, pulumi(whole), {}, **said).seen


@pytest.mark.parametrize(("said", "url"), [({"secretsprovider": "awskms://x"}, "s3://b"), ({}, "https://app.example")])
def test_no_passphrase_is_needed(whole: Path, said: dict[str, str], url: str):
    assert ask(whole, pulumi(whole, url=url), {}, **said).ok


def test_what_the_virtualenv_lacks_is_named(whole: Path):
    (whole / ".venv/lib/python3.11/site-packages/pulumi_kubernetes/__init__.py").unlink()
    found = ask(whole, pulumi(whole))
    assert found.seen.endswith("has no pulumi_kubernetes")
    assert "moorage[infra-kubernetes]" in found.fix


def test_a_virtualenv_that_is_not_there_is_to_be_made(tmp_path: Path):
    found = ask(tmp_path, pulumi(tmp_path))
    assert "is not there" in found.seen
    assert "-m venv" in found.fix
