"""`moorage report`: a page in a file."""

import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Call
from tests.unit.cli.past import Past


def test_the_page_lies_where_it_was_wanted_and_alone(call: Call, past: Past, project: Path) -> None:
    past.succeeded("rone")
    ended = call("report", "last", "-o", "page.html")
    assert (ended.code, ended.out, ended.err) == (0, "page.html\n", "")
    assert (project / "page.html").read_text().startswith("<!doctype html>")
    assert sorted(path.name for path in project.iterdir()) == [".moorage", "page.html"]


def test_without_a_name_it_is_named_for_its_run(call: Call, past: Past, project: Path) -> None:
    past.succeeded("rone")
    past.succeeded("rtwo", day=1)
    assert call("report").out == "moorage-rtwo.html\n"
    assert call("report", "--compare", "rone", "last").out == "moorage-rone-rtwo.html\n"
    assert "Two runs side by side" in (project / "moorage-rone-rtwo.html").read_text()


def test_it_may_go_to_stdout(call: Call, past: Past) -> None:
    past.succeeded("rone")
    assert call("report", "-o", "-").out.endswith("</html>\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "rone", "rone"), "one run is wanted here, not 2"),
        (("report", "--compare", "rone"), "two runs are wanted here, not 1"),
        (("report", "rnone"), "no run starts with 'rnone'"),
        (("report", "rone", "-o", "nowhere/page.html"), "there is no folder nowhere"),
    ],
)
def test_a_mistake_is_a_sentence(arguments: tuple[str, ...], said: str, call: Call, past: Past) -> None:
    past.succeeded("rone")
    ended = call(*arguments)
    assert ended.code == 2
    assert said in ended.err


def test_the_page_is_not_loaded_before_it_is_wanted(call: Call) -> None:
    import subprocess

    seen = "import sys, moorage, moorage.cli.root; sys.exit('moorage.report' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", seen]).returncode == 0
