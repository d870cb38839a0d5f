"""A pytest plugin that writes what each adapter passes, or why not; the README's table of platforms is made of it.

`python -m pytest -p tests.conformance.table --conformance-table FILE tests/conformance`, where FILE ends in
`.json` or `.md`. With `--collect-only` it is what the suite would find if all held that no mark excuses: that is how
a test sees whether the pages still say what the suite does.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

EXCUSES = ("notimpl", "notyet", "never")
PROPERTY = "platform"
OPTION = "--conformance-table"


@dataclass(frozen=True)
class Cell:
    """One test on one platform: `outcome` is passes, fails, skipped or an excuse."""

    platform: str
    area: str
    test: str
    outcome: str
    reason: str = ""


class Table:
    """Collects the outcomes of one session."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._cells: dict[tuple[str, str], Cell] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take one outcome; a failure before or after the test counts too."""
        if (cell := cell_of(report)) and (report.when == "call" or cell.outcome != "passes"):
            self._cells[cell.platform, report.nodeid] = cell

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take what the marks say, where nothing is to be run."""
        for item in session.items if session.config.option.collectonly else ():
            if cell := expected_of(item):
                self._cells[cell.platform, item.nodeid] = cell

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        cells = sorted(self._cells.values(), key=lambda cell: (cell.area, cell.test, cell.platform))
        self._file.write_text(to_json(cells) if self._file.suffix == ".json" else to_markdown(cells))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(OPTION, type=Path, help="write the table of platforms to this .json or .md file")


def pytest_configure(config: pytest.Config) -> None:
    """Collect in the process that sees all reports: not in a worker of xdist."""
    file = config.getoption(OPTION)
    if file and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table(file))


def cell_of(report: pytest.TestReport) -> Cell | None:
    """Return what the report says for the table; None for a test that is not of the suite."""
    return _cell(report.nodeid, dict(report.user_properties), *_outcome(report))


def expected_of(item: pytest.Item) -> Cell | None:
    """Return what the marks of a test say for the table: it passes, or the excuse; None for one not of the suite."""
    reasons = [str(mark.kwargs.get("reason", "")) for mark in item.iter_markers("xfail")]
    excuses = [_excuse(reason) for reason in reasons if _excuse(reason)[0]]
    return _cell(item.nodeid, dict(item.user_properties), *(excuses or [("passes", "")])[0])


def to_json(cells: Iterable[Cell]) -> str:
    """Return all cells as JSON."""
    return json.dumps([asdict(cell) for cell in cells], indent=2) + "\n"


def to_markdown(cells: Sequence[Cell]) -> str:
    """Return a table with a row for each test and a column for each platform."""
    platforms = sorted({cell.platform for cell in cells})
    rows = {(cell.area, cell.test): {} for cell in cells}  # type: dict[tuple[str, str], dict[str, str]]
    for cell in cells:
        rows[cell.area, cell.test][cell.platform] = f"{cell.outcome}: {cell.reason}" if cell.reason else cell.outcome
    lines = [["", *platforms], ["---"] * (len(platforms) + 1)]
    lines += [[f"{area}: {test}", *(row.get(each, "") for each in platforms)] for (area, test), row in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(node: str, properties: Mapping[str, object], outcome: str, reason: str) -> Cell | None:
    platform = properties.get(PROPERTY)
    if not isinstance(platform, str):
        return None
    area, _, name = node.rpartition("/")[2].partition(".py::")
    return Cell(platform, area.removeprefix("test_"), _sentence(name, platform), outcome, reason)


def _outcome(report: pytest.TestReport) -> tuple[str, str]:
    word, reason = _excuse(str(getattr(report, "wasxfail", "")).removeprefix("reason: "))
    if report.skipped and word:
        return word, reason
    return ("skipped" if report.skipped else "passes" if report.passed else "fails"), ""


def _excuse(text: str) -> tuple[str, str]:
    word, _, reason = text.partition(": ")
    return (word, reason) if word in EXCUSES else ("", "")


def _sentence(name: str, platform: str) -> str:
    function, _, rest = name.partition("[")
    others = re.sub(rf"(?:^|-){re.escape(platform)}(?=-|$)", "", rest.rstrip("]"), count=1)  # it may have a dash itself
    parameters = [each for each in others.split("-") if each]
    words = function.removeprefix("test_").replace("_", " ")
    return f"{words} ({', '.join(parameters)})" if parameters else words
