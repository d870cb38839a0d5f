"""A test that needs the real engine runs where its parts are, is skipped at home and fails where CI is set."""

import os
import subprocess
import sys

import pytest

from tests.leftovers import MARK
from tests.unit.engine.test_tools import SAYS
from tests.unit.engine.workshop import ROOT, Workshop

SESSION = """
import pytest

@pytest.mark.engine("Pulumi")
@pytest.mark.parametrize("n", range(3))
def test_pulumi(n): pass

@pytest.mark.engine("Pulumi", "Kubernetes")
def test_both(): pass

def test_all(engine): assert engine.kueue.name == "kueue"

def test_none(): pass
"""


def session(workshop: Workshop, *options: str, text: str = SESSION, **variables: str) -> tuple[int, str]:
    file = workshop.folder / "test_session.py"
    file.write_text(text)
    (workshop.folder / "pytest.ini").write_text("[pytest]\nmarkers = engine\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.engine.marks", "-p", "no:cacheprovider", "-ra", *options]
    environ = {**workshop.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", MARK: os.environ[MARK], **variables}
    done = subprocess.run([*command, str(file)], env=environ, cwd=workshop.folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["one process", "xdist"])
def test_at_home_what_is_missing_is_skipped_and_said_at_the_end(workshop: Workshop, options: tuple[str, ...]):
    code, seen = session(workshop, *options)
    assert code == 0, seen
    assert "1 passed, 5 skipped" in seen
    assert "left out: 3 engine tests: no Pulumi here; `make engine` builds what is missing\n" in seen
    assert "left out: 1 engine test: no Pulumi, no Kubernetes here; `make engine`" in seen
    assert "left out: 1 engine test: no Pulumi, no Kubernetes, no JobSet, no Kueue here" in seen


def test_in_ci_what_is_missing_fails(workshop: Workshop):
    code, seen = session(workshop, CI="1")
    assert code == 1
    assert "1 passed, 5 errors" in seen
    assert "CI is set, and the engine is not whole: no Pulumi here: `make engine` builds it" in seen
    assert "left out" not in seen


def test_what_is_there_runs(workshop: Workshop):
    workshop.official("pulumi", SAYS["pulumi"])
    code, seen = session(workshop)
    assert code == 0, seen
    assert "4 passed, 2 skipped" in seen
    assert "left out: 1 engine test: no Kubernetes here" in seen


def test_with_all_there_nothing_is_left_out(workshop: Workshop):
    workshop.build()
    code, seen = session(workshop, CI="1")
    assert code == 0, seen
    assert "6 passed" in seen
    assert "left out" not in seen


def test_a_part_that_does_not_exist_is_an_error(workshop: Workshop):
    code, seen = session(workshop, text='import pytest\n@pytest.mark.engine("Pulmi")\ndef test_it(): pass\n')
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "the engine has Pulumi, Kubernetes, JobSet, Kueue; not Pulmi" in seen


def test_the_variables_that_name_tools_survive_the_clean_environment_of_the_tests():
    asks = "import os, tests.conftest as c; c.pytest_configure(); print(os.environ['MOORAGE_ETCD'])"
    environ = {"MOORAGE_ETCD": "/opt/etcd", "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    answer = subprocess.run([sys.executable, "-c", asks], env=environ, capture_output=True, text=True)
    assert answer.stdout.strip() == "/opt/etcd", answer.stderr
