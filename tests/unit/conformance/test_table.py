"""The table of platforms says what the suite found, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.table import Cell, cell_of, to_json, to_markdown

ROOT = Path(__file__).parents[3]
SUITE = ("tests/conformance/test_states.py", "tests/conformance/test_errors.py")


def _report(outcome: str, wasxfail: str | None = None, platform: str | None = "moon") -> pytest.TestReport:
    properties = [("platform", platform)] if platform else []
    report = pytest.TestReport(
        "tests/conformance/test_errors.py::test_a_refusal_is_told[moon-Throttled]",
        ("test_errors.py", 1, "test"),
        {},
        outcome,  # type: ignore[arg-type]
        None,
        "call",
        user_properties=properties,
    )
    if wasxfail is not None:
        report.wasxfail = wasxfail
    return report


@pytest.mark.parametrize(
    ("outcome", "wasxfail", "said", "reason"),
    [
        ("passed", None, "passes", ""),
        ("failed", None, "fails", ""),
        ("skipped", None, "skipped", ""),
        ("skipped", "never: nobody is throttled", "never", "nobody is throttled"),
        ("skipped", "notyet: they said so", "notyet", "they said so"),
        ("failed", "notyet: they said so", "fails", ""),
        ("skipped", "reason: some other mark", "skipped", ""),
    ],
)
def test_an_outcome_is_one_word(outcome: str, wasxfail: str | None, said: str, reason: str) -> None:
    seen = cell_of(_report(outcome, wasxfail))
    assert seen == Cell("moon", "errors", "a refusal is told (Throttled)", said, reason)


def test_a_test_that_is_not_of_the_suite_is_not_in_the_table() -> None:
    assert cell_of(_report("passed", platform=None)) is None


def test_each_platform_has_a_column() -> None:
    cells = [Cell("local", "errors", "it ends", "passes"), Cell("moon", "errors", "it ends", "never", "no air")]
    assert to_markdown(cells).splitlines() == [
        "|  | local | moon |",
        "| --- | --- | --- |",
        "| errors: it ends | passes | never: no air |",
    ]
    assert json.loads(to_json(cells))[1]["reason"] == "no air"


def test_a_run_of_the_suite_writes_its_table(tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conformance.table", "-p", "no:cacheprovider"]
    local = ["-k", "not kubernetes"]
    subprocess.run([*command, f"--conformance-table={file}", *local, *SUITE], cwd=ROOT, check=True, capture_output=True)
    cells = [Cell(**cell) for cell in json.loads(file.read_bytes())]
    assert {cell.platform for cell in cells} == {"local", "local-fork"}
    assert any(cell.test.endswith("(Throttled)") for cell in cells)
    assert {cell.outcome for cell in cells} == {"passes", "never"}
