"""What a command costs, and a smoke run of the cheapest group."""

import json
import os
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as program
from tests.benchmarks.bench import per_step_ms
from tests.benchmarks.measure import Command, Cost, Failed, Meter, interleaved, metering


def python(folder: Path, text: str) -> Command:
    return Command([sys.executable, "-c", text], folder, dict(os.environ))


def test_a_cost_counts_the_processor_time_of_children_too(tmp_path: Path):
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}], check=True)"
    with metering() as meter:
        cost = meter.cost(python(tmp_path, parent))
    assert cost.cpu > 0.15
    assert 0 < cost.net <= cost.wall
    assert cost.peak_mib > 1


def test_where_no_group_can_be_made_net_is_wall(tmp_path: Path):
    cost = Meter(None).cost(python(tmp_path, "pass"))
    assert cost.net == cost.wall
    assert cost.cpu > 0


def test_a_command_that_fails_is_not_measured_and_says_why(tmp_path: Path):
    with pytest.raises(Failed, match=r"exit code 3\nno luck"):
        Meter(None).cost(python(tmp_path, "import sys; print('no luck', file=sys.stderr); sys.exit(3)"))


def test_commands_are_measured_in_turn_after_a_round_that_does_not_count(tmp_path: Path):
    seen: list[str] = []
    nothing = [sys.executable, "-c", "pass"]
    commands = {name: Command(nothing, tmp_path, dict(os.environ), partial(seen.append, name)) for name in ("a", "b")}
    costs = interleaved(Meter(None), commands, 2)
    assert "".join(seen) == "ababab"
    assert [len(costs[name]) for name in ("a", "b")] == [2, 2]


def test_what_a_step_costs_is_what_more_steps_cost_more():
    few, many = (Cost(wall=9, net=net, cpu=9, peak_mib=9) for net in (0.5, 1.4))
    assert per_step_ms([few], [many], 18) == pytest.approx([50.0])


def test_one_group_prints_its_table_and_keeps_its_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert program.main(["--only", "start", "--times", "1", "--out", str(tmp_path), "--folder", str(tmp_path)]) == 0
    assert "moorage --help, CPU over `pass`, x" in capsys.readouterr().out
    kept = json.loads((tmp_path / "bench.json").read_bytes())
    assert [item["unit"] for item in kept] == ["ms", "x", "x"]
    assert all(item["value"] > 0 and item["samples"] for item in kept)
