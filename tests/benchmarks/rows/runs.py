"""What a run costs: by itself, and for each of its steps."""

import json
from collections.abc import Sequence

from tests.benchmarks import floors, peers
from tests.benchmarks.bench import Bench, net, per_step_ms
from tests.benchmarks.figure import Figure, figure
from tests.benchmarks.measure import Command, middle
from tests.benchmarks.projects import Project, chain, fan, pandas

RUN_SECONDS = 0.12
FORK_MS = {"chain": 6.0, "fan": 4.0}
INTERPRETER_MS = 40.0
PANDAS_SECONDS = 0.9
SHAPES = {"chain": (chain, 20), "fan": (fan, 100)}


def run(bench: Bench) -> Sequence[Figure]:
    """Return a run of two steps, less the import of the libraries that it cannot do without."""
    made = bench.project(chain(2), "fork")
    place = made.folder, made.environ
    commands = {"pass": floors.nothing(*place), "imports": floors.imports(*place), "run": made.run()}
    costs = bench.costs(commands, 2 * bench.times)
    floor = middle(net(costs["imports"]))
    scaled = middle(net(costs["pass"])) / floors.PASS_NET
    over = [ran - imported for ran, imported in zip(net(costs["run"]), net(costs["imports"]), strict=True)]
    return [
        figure("importing the libraries, net", "s", net(costs["imports"])),
        figure(f"a run of 2 steps over it{_how(made)}, net", "s", over, RUN_SECONDS * scaled, floor),
    ]


def steps(bench: Bench) -> Sequence[Figure]:
    """Return what each step costs, forked and in a new interpreter, beside its floor and beside luigi."""
    return [each for shape in SHAPES for start in FORKED for each in _steps(bench, shape, start)]


FORKED = {"fork": "forked", "interpreter": "new interpreter"}


def _steps(bench: Bench, shape: str, start: str) -> Sequence[Figure]:
    build, number = SHAPES[shape]
    few, many = (bench.project(build(steps), start) for steps in (2, number))
    place = few.folder, few.environ
    commands = {"few": few.run(), "many": many.run()}
    commands |= {f"floor {steps}": floors.steps(*place, shape, steps, start) for steps in (2, number)}
    if start == "fork":
        commands |= {f"luigi {steps}": peers.luigi(*place, shape, steps) for steps in (2, number)}
    costs = bench.costs(commands, bench.times if shape == "chain" else max(2, bench.times // 2))
    floor = per_step_ms(costs["floor 2"], costs[f"floor {number}"], number - 2)
    then = floors.FORK_MS[shape] if start == "fork" else floors.INTERPRETER_MS
    wanted = FORK_MS[shape] if start == "fork" else INTERPRETER_MS
    ours = per_step_ms(costs["few"], costs["many"], number - 2)
    at = f"{shape} of {number}, {FORKED[start]}"
    found = [figure(f"{at}{_how(many, start)}", "ms", ours, wanted * middle(floor) / then, middle(floor))]
    if start == "fork":
        theirs = per_step_ms(costs["luigi 2"], costs[f"luigi {number}"], number - 2)
        found.append(figure(f"{shape} of {number}, luigi, 2 workers", "ms", theirs, None, middle(floor)))
    return found


def imports(bench: Bench) -> Sequence[Figure]:
    """Return 20 steps that import pandas."""
    made = bench.project(pandas(20), "fork")
    commands = {"pandas": floors.pandas(made.folder, made.environ), "pass": floors.nothing(made.folder, made.environ)}
    costs = bench.costs({**commands, "run": made.run()}, max(2, bench.times // 2))
    goal = PANDAS_SECONDS * middle(net(costs["pass"])) / floors.PASS_NET
    floor = middle(net(costs["pandas"]))
    return [figure(f"20 steps that import pandas{_how(made)}, net", "s", net(costs["run"]), goal, floor)]


def fsync(bench: Bench) -> Sequence[Figure]:
    """Return what it costs to survive a power cut, beside the same steps without."""
    made = bench.project(chain(20), "fork")
    commands: dict[str, Command] = {"plain": made.run(), "fsync": made.run(MOORAGE_FSYNC="1")}
    costs = bench.costs(commands)
    plain = middle(net(costs["plain"]))
    return [figure("chain of 20 with MOORAGE_FSYNC=1, wall", "s", [each.wall for each in costs["fsync"]], None, plain)]


def _how(made: Project, wanted: str = "fork") -> str:
    """Return nothing when the steps of the newest run started as they were told to, else a remark."""
    results = made.folder.glob(".moorage/store/runs/*/steps/*/*/result.json")
    seen = {json.loads(result.read_bytes())["start"] for result in results}
    return "" if seen == {wanted} else f" (in truth: {', '.join(map(str, sorted(seen))) or 'none ran'})"
