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
    place = made.folder, made.environ
    commands = {"generate": floors.generate(*place), "by hand": floors.artifact(*place), "run": made.run()}
    costs = bench.costs(commands, max(2, bench.times // 2))
    generated = net(costs["generate"])
    over, by_hand = (
        [whole - part for whole, part in zip(net(costs[name]), generated, strict=True)] for name in ("run", "by hand")
    )
    goal = SECONDS * middle(generated) / floors.GENERATE_NET
    return [
        figure("generating 1 GB, net", "s", generated),
        figure("written and hashed twice, over that, net", "s", by_hand),
        figure("1 GB from step to step, over that, net", "s", over, goal, middle(by_hand)),
    ]
