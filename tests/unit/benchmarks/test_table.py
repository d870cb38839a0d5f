"""How figures are printed and kept."""

import json
from pathlib import Path

from tests.benchmarks import page
from tests.benchmarks.figure import Figure, figure, keep
from tests.benchmarks.table import number, table

FIGURES = [
    figure("a step, forked", "ms", [5.0, 7.0, 6.0], goal=6.0, floor=2.512),
    figure("a run", "s", [0.5], goal=0.25),
    figure("without a goal", "MiB", [123.4]),
]


def test_a_table_has_aligned_columns_and_fits_a_terminal():
    lines = table(FIGURES).splitlines()
    assert lines[1].split() == ["a", "step,", "forked,", "ms", "6", "5-7", "6", "2.51", "yes"]
    assert lines[2].endswith("NO")
    assert lines[1].index("6 ") == lines[0].index("value") + len("value") - 1
    assert max(map(len, lines)) <= 80


def test_numbers_have_three_digits():
    assert [number(value) for value in (0.01234, 5.0, 99.96, 1234.5, None)] == ["0.0123", "5", "100", "1234", ""]


def test_a_goal_is_met_from_the_better_side():
    assert [each.is_met for each in FIGURES] == [True, False, None]
    assert Figure("speed", 2.0, 1.0, "higher", "GB/s", None, (2.0,)).is_met


def test_the_file_has_the_fields_that_were_promised(tmp_path: Path):
    keep(tmp_path / "build" / "bench.json", "steps", FIGURES)
    kept = json.loads((tmp_path / "build" / "bench.json").read_bytes())
    assert [set(item) for item in kept] == [{"name", "value", "goal", "better", "unit", "floor", "samples"}] * 3
    assert kept[0] == {
        "name": "steps: a step, forked", "value": 6.0, "goal": 6.0, "better": "lower", "unit": "ms", "floor": 2.512,
        "samples": [5.0, 7.0, 6.0],
    }  # fmt: skip


def test_one_group_replaces_its_own_figures_and_no_others(tmp_path: Path):
    file = tmp_path / "bench.json"
    keep(file, "steps", FIGURES)
    keep(file, "start", FIGURES[:1])
    keep(file, "steps", FIGURES[1:2])
    assert [item["name"] for item in json.loads(file.read_bytes())] == ["start: a step, forked", "steps: a run"]


def test_the_page_gets_the_newest_table_of_a_group_and_keeps_the_rest(tmp_path: Path):
    file = tmp_path / "performance.md"
    file.write_text("# Speed\n\n<!-- bench: run -->\nold\n<!-- /bench: run -->\n\nMethod \\1.\n")
    for text in ("first", "second \\1"):
        page.rewrite(file, "run", text, page.Setting(tmp_path, has_net=False))
        page.rewrite(file, "steps", "has no block", page.Setting(tmp_path, has_net=True))
    kept = file.read_text()
    assert "second \\1" in kept
    assert "net is wall" in kept
    assert "first" not in kept
    assert "has no block" not in kept
    assert kept.startswith("# Speed\n")
    assert kept.endswith("<!-- /bench: run -->\n\nMethod \\1.\n")
