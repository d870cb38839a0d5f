"""The table of docs/reliability.md names tests that are there, and every fault test is in it."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
ROW = re.compile(r"^\| (?!fault |-)(.+?) \|", re.MULTILINE)


def named_in(file: Path) -> set[str]:
    """Return the names of the tests in a file: functions, and state machines that are bound to a name."""
    found: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return {name for name in found if name.lower().startswith("test")}


def test_every_row_names_a_test_that_is_there():
    page = PAGE.read_text()
    rows = [line for line in page.splitlines() if ROW.match(line)]
    assert len(rows) > 30
    assert [line for line in rows if not NAMED.search(line)] == []
    named = set(NAMED.findall(page))
    assert {(file, name) for file, name in named if name not in named_in(TESTS / file)} == set()


def test_every_fault_test_has_a_row():
    named = {name for _, name in NAMED.findall(PAGE.read_text())}
    files = [file for file in Path(__file__).parent.glob("test_*.py") if file != Path(__file__)]
    assert {name for file in files for name in named_in(file)} - named == set()
