"""What it costs to hand one GB from step to step."""

from collections.abc import Sequence

from tests.benchmarks import floors
from tests.benchmarks.bench import Bench, net
from tests.benchmarks.figure import Figure, figure
from tests.benchmarks.measure import middle
from tests.benchmarks.projects import gigabyte

SECONDS = 1.5


def artifact(bench: Bench) -> Sequence[Figure]:
    """Return a run that makes one GB, stores it and reads it, its digest checked on both sides, over the making."""
    made = bench.project(gigabyte())
    commands = {"generate": floors.generate(made.folder, made.environ), "run": made.run()}
    costs = bench.costs(commands, max(2, bench.times // 2))
    made.forget()
    floor = middle(net(costs["generate"]))
    over = [ran - made_ for ran, made_ in zip(net(costs["run"]), net(costs["generate"]), strict=True)]
    goal = SECONDS * floor / floors.GENERATE_NET
    return [
        figure("generating 1 GB, net", "s", net(costs["generate"])),
        figure("1 GB from step to step, over that, net", "s", over, goal, floor),
    ]
