"""Who waits for the engine sees that it is alive, in 80 columns."""

from io import StringIO
from pathlib import Path

import pytest

from tests.engine.progress import EVERY_SECONDS, Progress, short
from tests.engine.recipe import TOOLS, version


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_log_has_one_line_per_tool_and_one_per_minute():
    out, clock = StringIO(), Clock()
    progress = Progress(out, 2, clock)
    progress.begin("etcd v3.6.12")
    progress.heard("go: downloading golang.org/x/net v0.50.0")
    clock.now = EVERY_SECONDS
    progress.heard("go: downloading golang.org/x/sys v0.40.0")
    progress.heard("golang.org/x/net")
    clock.now = 2 * EVERY_SECONDS + 1
    progress.heard("golang.org/x/sys")
    progress.end()
    assert out.getvalue().splitlines() == [
        "engine: 1 of 2  etcd v3.6.12                      downloading, 60 s",
        "engine: 1 of 2  etcd v3.6.12                      2 packages, 121 s",
        "engine: 1 of 2  etcd v3.6.12                      built in 121 s",
    ]


def test_a_terminal_sees_one_line_that_counts():
    out, clock = Terminal(), Clock()
    progress = Progress(out, 1, clock)
    progress.begin("etcd v3.6.12")
    for second in range(1, 4):
        clock.now = second
        progress.heard("golang.org/x/net")
    progress.end()
    lines = out.getvalue().split("\r\x1b[K")
    assert [line.split("  ")[-1].strip() for line in lines] == [
        "", "downloading, 0 s", "1 packages, 1 s", "2 packages, 2 s", "3 packages, 3 s", "built in 3 s",
    ]  # fmt: skip
    assert out.getvalue().count("\n") == 1


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_no_line_is_wider_than_80_columns(tool):
    out, clock = StringIO(), Clock()
    progress = Progress(out, len(TOOLS), clock)
    progress.begin(f"{tool.name} {version(tool)}")
    for _ in range(2000):
        progress.heard("package")
    clock.now = 3600
    progress.heard("package")
    progress.end()
    assert max(len(line) for line in out.getvalue().splitlines()) <= 80


def test_paths_are_written_as_people_write_them():
    assert short(Path.home() / ".cache" / "x") == "~/.cache/x"
    assert short(Path("/var/cache")) == "/var/cache"
