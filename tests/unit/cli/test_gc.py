"""`moorage gc`: it says what it removed, or would."""

import json
import subprocess
import sys
from pathlib import Path

from tests.unit.cli.conftest import Call
from tests.unit.cli.past import Past


def test_where_nothing_was_left_nothing_is_removed(call: Call, past: Past) -> None:
    past.succeeded("rone")
    ended = call("gc")
    assert (ended.code, ended.out) == (0, "removed nothing\n")
    assert json.loads(call("gc", "--json").out) == {"removed": {}, "bytes": 0, "dry_run": False}


def test_a_dry_run_removes_nothing(call: Call, past: Past) -> None:
    past.succeeded("rone", day=-100)
    assert call("gc", "--older-than", "1m", "--dry-run").out == "would remove 1 run\n"
    assert call("show", "rone").code == 0
    assert call("gc", "--older-than", "1m").out == "removed 1 run\n"
    assert call("show", "rone").code == 2


def test_an_age_that_is_none_is_told_how_to_write_one(call: Call) -> None:
    ended = call("gc", "--older-than", "yesterday")
    assert ended.code == 2
    assert "'yesterday' is not a duration" in ended.err


def test_it_ends_well_as_a_process_of_its_own(project: Path) -> None:
    command = [sys.executable, "-m", "moorage", "gc"]
    ended = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
