"""What many steps cost: growth, a second run with everything cached, and the driver's memory."""

from collections.abc import Sequence

from tests.benchmarks import floors
from tests.benchmarks.bench import Bench, net
from tests.benchmarks.figure import Figure, figure
from tests.benchmarks.measure import Cost, middle
from tests.benchmarks.projects import Project, fan

GROWTH = 1.25
CACHED_SECONDS = {20: 0.25, 100: 0.30, 1000: 0.60}
MEMORY_MIB, MEMORY_KIB_PER_STEP = 50.0, 7.0


def scale(bench: Bench) -> Sequence[Figure]:
    """Return the cost of a step among 1,000 against one among 100, and the memory of both runs."""
    made = {number: bench.project(fan(number), "fork") for number in (2, 100, 1000)}
    costs = bench.costs({str(number): each.run() for number, each in made.items()}, max(1, bench.times // 3))
    ratios = [
        ((most.net - least.net) / 998) / ((more.net - least.net) / 98)
        for least, more, most in zip(costs["2"], costs["100"], costs["1000"], strict=True)
    ]
    cpu = [1000 * (most.cpu - least.cpu) / 998 for least, most in zip(costs["2"], costs["1000"], strict=True)]
    return [
        figure("a step of 1,000 over one of 100, net", "x", ratios, GROWTH, 1.0),
        figure("a step of 1,000, CPU", "ms", cpu),
        *(_memory(number, costs[str(number)]) for number in (100, 1000)),
    ]


def cached(bench: Bench) -> Sequence[Figure]:
    """Return second runs in which nothing has changed and every key is checked."""
    made = {number: bench.project(fan(number), "fork") for number in CACHED_SECONDS}
    for each in made.values():
        bench.meter.cost(each.run())
    place = made[20].folder, made[20].environ
    again = {str(number): each.run(fresh=False) for number, each in made.items()}
    costs = bench.costs({"pass": floors.nothing(*place), "imports": floors.imports(*place), **again})
    scaled = middle(net(costs["pass"])) / floors.PASS_NET
    floor = middle(net(costs["imports"]))
    return [
        figure(f"all of {number} cached, net", "s", net(costs[str(number)]), seconds * scaled, floor)
        for number, seconds in CACHED_SECONDS.items()
    ]


def _memory(number: int, costs: Sequence[Cost]) -> Figure:
    goal = MEMORY_MIB + number * MEMORY_KIB_PER_STEP / 1024
    return figure(f"driver's peak memory, {number} steps", "MiB", [cost.peak_mib for cost in costs], goal)


def memory(bench: Bench) -> Sequence[Figure]:
    """Return the driver's peak memory in a short run, with the libraries' own beside it."""
    made: Project = bench.project(fan(20), "fork")
    costs = bench.costs({"imports": floors.imports(made.folder, made.environ), "run": made.run()}, 2)
    least = figure("importing the libraries, peak memory", "MiB", [cost.peak_mib for cost in costs["imports"]])
    return [least, _memory(20, costs["run"])]
