"""The table of commands: it tells the truth, and costs nothing before a command is called."""

import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from moorage.cli import PLUGINS
from moorage.cli.root import SECTIONS, root
from tests.unit.cli.conftest import Call

COMMANDS = [name for section in SECTIONS.values() for name in section]
ROOT = Path(__file__).parents[3]


def command(name: str) -> click.Command:
    found = root.get_command(click.Context(root), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_in_the_table_is_the_first_sentence_of_the_command(name: str) -> None:
    assert root.entries[name].help == (command(name).help or "").splitlines()[0]
    assert command(name).name == name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, call: Call) -> None:
    ended = call(name, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert root.entries[name].help in " ".join(ended.out.split())
    assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize("asked", ["--help", "--version"])
def test_help_and_version_load_click_and_nothing_heavy(asked: str) -> None:
    heavy = ("pydantic", "rich", "yaml", "obstore", "blake3", "polars", "moorage.runs", "moorage.spec", "concurrent")
    code = (
        "import sys; from moorage.cli.exits import run; code = run([sys.argv[1]]);"
        f"sys.exit(code or ', '.join(name for name in {heavy} if name in sys.modules) or None)"
    )
    ended = subprocess.run([sys.executable, "-c", code, asked], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "moorage" in ended.stdout


def test_the_version_is_that_of_the_distribution(call: Call) -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert call("--version").out == f"moorage {stated}\n"


def test_no_command_at_all_shows_the_help(call: Call) -> None:
    ended = call()
    assert ended.code == 2
    assert "moorage init DIR" in ended.err


@pytest.mark.parametrize(("typed", "meant"), [("pln", "plan"), ("approv", "approve"), ("log", "logs")])
def test_a_misspelt_command_is_told_the_nearest(typed: str, meant: str, call: Call) -> None:
    ended = call(typed)
    assert ended.code == 2
    assert ended.err == f"error: no command is named {typed!r}; did you mean {meant!r}?\n  fix: moorage --help\n"


def test_a_misspelt_option_is_told_the_nearest(call: Call) -> None:
    ended = call("runs", "--jsn")
    assert ended.code == 2
    assert ended.err.startswith("error: no such option '--jsn'")
    assert "--json" in ended.err
    assert ended.err.endswith("\n  fix: moorage runs --help\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_calls_moorage(shell: str, call: Call) -> None:
    ended = call("completion", shell)
    assert (ended.code, ended.err) == (0, "")
    assert f"_MOORAGE_COMPLETE={shell}_complete" in ended.out


def test_the_command_line_loads_no_plugins_of_pydantics(tmp_path: Path) -> None:
    replaced = find_spec(PLUGINS)
    assert replaced is not None
    assert replaced.origin is not None
    assert "def get_plugins(" in Path(replaced.origin).read_text()  # else there is something else to replace
    (tmp_path / "pipeline.yaml").write_text("name: a\nsteps: [{name: b, command: ['true']}]\n")
    script = (
        "import os, sys, moorage.cli as cli;"
        "os._exit = lambda code: sys.exit(code or 'importlib.metadata' in sys.modules);"
        "sys.argv = ['moorage', 'check', 'pipeline.yaml']; cli.main()"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE).returncode == 0


def test_all_that_was_printed_arrives(call: Call) -> None:
    command = [sys.executable, "-m", "moorage", "schema"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stdout) == (0, call("schema").out)
