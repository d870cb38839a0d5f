"""README's table of platforms and docs/platforms.md say what the suite's own tests and marks say, today."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conformance.table import Cell
from tools import platforms
from tools.platforms import PAGE, README, NotGreen, details, summary, updated

ROOT = Path(__file__).parents[2]
CURE = "make platforms runs the suite and writes it anew"
ENDS = Cell("local", "errors", "it ends", "passes")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Cell]:
    """What the suite finds when all holds that no mark excuses; nothing is run for it."""
    file = tmp_path_factory.mktemp("suite") / "table.json"
    options = ["--collect-only", "-q", "-p", "no:cacheprovider", "-p", "tests.conformance.table"]
    command = [sys.executable, "-m", "pytest", *options, f"--conformance-table={file}", "tests/conformance"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return [Cell(**cell) for cell in json.loads(file.read_bytes())]


def test_the_readme_promises_what_the_suite_tests(collected: Sequence[Cell]) -> None:
    page = README.read_text(encoding="utf-8")
    assert page == updated(page, summary(collected)), CURE


def test_the_page_of_platforms_names_every_test_and_every_excuse(collected: Sequence[Cell]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == updated(page, details(collected)), CURE


def test_every_platform_of_the_suite_has_a_column_and_two_ways_of_one_share_theirs(collected: Sequence[Cell]) -> None:
    assert {cell.platform for cell in collected} >= {"local", "local-fork", "kubernetes"}
    headline = summary(collected).splitlines()[0]
    assert headline.count("local.md") == headline.count("kubernetes.md") == 1


def test_a_column_is_as_good_as_the_worst_way_of_its_platform() -> None:
    excused = Cell("local-fork", "errors", "it ends", "notimpl", "not forked yet")
    for cells in ([ENDS, excused], [excused, ENDS]):
        assert "| [to do 1](docs/platforms.md#errors) |" in summary(cells)
        assert "| it ends | to do: not forked yet |" in details(cells)


def test_a_test_that_a_platform_does_not_have_is_no_promise() -> None:
    cells = [ENDS, Cell("moon", "errors", "it ends", "passes"), Cell("moon", "errors", "it floats", "passes")]
    assert "| [passes 1](docs/platforms.md#errors) | [passes 2](docs/platforms.md#errors) |" in summary(cells)
    assert "| it floats |  | passes |" in details(cells)


@pytest.mark.parametrize("outcome", ["fails", "skipped"])
def test_a_run_that_was_not_green_is_not_published(
    outcome: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "table.json"
    file.write_text(json.dumps([vars(ENDS), vars(Cell("moon", "errors", "it ends", outcome))]))
    assert platforms.main([str(file)]) == 1
    assert f"errors: it ends (moon: {outcome})" in capsys.readouterr().err
    with pytest.raises(NotGreen, match="nothing was run"):
        summary([])


def test_a_page_without_a_place_for_the_table_is_left_alone() -> None:
    with pytest.raises(ValueError, match="the page has no place for it"):
        updated("# moorage\n", "a table")
