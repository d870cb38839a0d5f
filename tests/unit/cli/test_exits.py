"""How commands end when something is wrong: a sentence, a fix, an exit code, and never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from moorage.cli.root import root
from moorage.errors import Problem, SpecError, Where
from tests.unit.cli.conftest import Call
from tests.unit.cli.past import Past


@pytest.fixture
def raises(monkeypatch: pytest.MonkeyPatch) -> "type[Raises]":
    Raises.patch = monkeypatch
    return Raises


class Raises:
    """A root command that raises an error."""

    patch: pytest.MonkeyPatch

    def __init__(self, error: BaseException) -> None:
        def invoke(_: click.Context) -> None:
            raise error

        self.patch.setattr(root, "invoke", invoke)


def test_every_problem_is_said_with_its_place_and_its_fix(call: Call, raises: type[Raises]) -> None:
    raises(SpecError.of([Problem("one", Where("a.yaml", 3, 7), "do this"), Problem("two")]))
    ended = call("runs")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: a.yaml:3:7: one\n  fix: do this\nerror: two\n"


def test_what_nobody_expected_is_one_sentence_and_how_to_see_more(call: Call, raises: type[Raises]) -> None:
    raises(ZeroDivisionError("by zero\nsecond line"))
    ended = call("runs")
    assert ended.code == 70
    assert "ZeroDivisionError: by zero)" in ended.err
    assert "MOORAGE_TRACEBACK=1" in ended.err
    assert "Traceback" not in ended.err


def test_the_traceback_is_there_for_who_asks(call: Call, raises: type[Raises], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOORAGE_TRACEBACK", "1")
    raises(ZeroDivisionError("by zero"))
    ended = call("runs")
    assert ended.code == 70
    assert "Traceback (most recent call last)" in ended.err


def test_ctrl_c_ends_with_130_and_no_traceback(call: Call, raises: type[Raises]) -> None:
    raises(KeyboardInterrupt())
    ended = call("runs")
    assert (ended.code, ended.err.strip()) == (130, "")


@pytest.mark.parametrize(("module", "extra"), [("polars", "tables"), ("bentoml.exceptions", "serve")])
def test_a_missing_extra_is_named(module: str, extra: str, call: Call, raises: type[Raises]) -> None:
    raises(ModuleNotFoundError(f"No module named {module!r}", name=module))
    ended = call("runs")
    assert ended.code == 2
    assert ended.err.endswith(f"  fix: pip install 'moorage[{extra}]'\n")


@pytest.mark.parametrize("arguments", [("runs", "-n", "x"), ("bento", "serve", "wines", "--ask", "nothere.json")])
def test_a_value_that_an_option_does_not_take_is_named_with_the_option(arguments: tuple[str, ...], call: Call) -> None:
    ended = call(*arguments)
    assert ended.code == 2
    assert ended.err.startswith("error: '-")
    assert "nvalid" not in ended.err


def test_a_file_that_may_not_be_touched_is_a_sentence(call: Call, raises: type[Raises]) -> None:
    raises(PermissionError(13, "Permission denied", "/somewhere"))
    ended = call("runs")
    assert ended.code == 2
    assert ended.err.startswith("error: /somewhere: Permission denied\n")


def test_a_reader_that_goes_away_is_no_error(project: Path, past: Past) -> None:
    past.succeeded("rone")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "moorage", "runs"]
    ended = subprocess.run(command, cwd=project, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_text_that_the_terminal_cannot_show_is_no_error(project: Path, past: Past) -> None:
    past.succeeded("rone")
    past.store.put("runs/rone/steps/train/1/log/00000001.log", "2026-11-21T06:30:00.000000Z ✓ trained\n".encode())
    command = [sys.executable, "-m", "moorage", "logs"]
    variables = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ended = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "trained" in ended.stdout
