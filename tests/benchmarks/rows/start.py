"""What it costs to start: the command line itself, `check` and `plan`."""

import shutil
import sys
from collections.abc import Sequence

from tests.benchmarks import floors
from tests.benchmarks.bench import Bench, cpu
from tests.benchmarks.figure import Figure, figure
from tests.benchmarks.measure import Command, middle
from tests.benchmarks.projects import Project, chain, contracts

HELP_RATIO = 10
CHECK_SECONDS = 0.35


def start(bench: Bench) -> Sequence[Figure]:
    """Return the command line before a command needs anything, beside `python -c pass`."""
    made = bench.project(chain(2))
    commands = {
        "python -c pass": floors.nothing(made.folder, made.environ),
        "moorage --help": made.command("--help"),
        "moorage --version": made.command("--version"),
    }
    costs = bench.costs(commands, 2 * bench.times)
    floor = middle(cpu(costs["python -c pass"]))
    figures = [
        figure(f"{name}, CPU over `pass`", "x", [each / floor for each in cpu(costs[name])], HELP_RATIO, 1.0)
        for name in ("moorage --help", "moorage --version")
    ]
    return [figure("python -c pass, CPU", "ms", [1000 * each for each in cpu(costs["python -c pass"])]), *figures]


def check(bench: Bench) -> Sequence[Figure]:
    """Return `check` and `plan` of 20 steps with contracts, and what they must not import."""
    made = bench.project(contracts(20))
    commands = {
        "pass": floors.nothing(made.folder, made.environ),
        "check": made.command("check", "pipeline.yaml"),
        "plan": made.command("plan", "pipeline.yaml"),
    }
    costs = bench.costs(commands)
    floor = middle(cpu(costs["pass"]))
    goal = CHECK_SECONDS * floor / floors.PASS_CPU
    warm = [figure(f"moorage {name}, 20 steps, CPU", "s", cpu(costs[name]), goal, floor) for name in ("check", "plan")]
    cold = bench.costs({"plan": _cold(made)}, 2)["plan"]
    return [*warm, figure("moorage plan, contracts not compiled, CPU", "s", cpu(cold), None, floor), _imports(bench)]


def _cold(made: Project) -> Command:
    plan = made.command("plan", "pipeline.yaml")
    return Command(plan.argv, plan.folder, plan.environ, lambda: shutil.rmtree(made.cache, ignore_errors=True))


def _imports(bench: Bench) -> Figure:
    made = bench.project(contracts(20))
    bench.meter.cost(made.command("plan", "pipeline.yaml"))  # compiles the contracts
    heavy = 0.0
    for name in ("check", "plan"):
        listing = made.folder / f"{name}.txt"
        program = str(floors.PROGRAMS / "modules.py")
        argv = [sys.executable, program, str(listing), name, "pipeline.yaml"]
        bench.meter.cost(Command(argv, made.folder, made.environ))
        heavy += len(listing.read_text().split())
    return figure("cloud SDKs and table libraries imported", "", [heavy], 0.0)
