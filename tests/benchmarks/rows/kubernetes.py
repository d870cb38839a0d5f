"""What a step costs on Kubernetes beside a Job by itself, what it asks of the API server, and what a plan costs."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence

from moorage_kubernetes.target import KubernetesTarget
from tests.benchmarks import floors
from tests.benchmarks.bench import Bench, cpu, per_step_ms
from tests.benchmarks.cluster import IMAGE, NAME, ROOM, Cluster, cluster, describe
from tests.benchmarks.figure import Figure, figure
from tests.benchmarks.measure import Command, middle
from tests.benchmarks.projects import Project, chain, fan

ROUNDS = 3
STEPS = 8
OVERHEAD_MS = 300.0
MANY = 200
CALLS_PER_STEP = 5.0
SHOWN_PER_STEP = 0.01
"""Kinds of call that are rarer have no line of their own."""
PLAN_SECONDS = 0.5


def kubernetes(bench: Bench) -> Sequence[Figure]:
    """Return the overhead of a step over a bare Job, the calls of 200 steps, and a plan without a cluster."""
    bench.folder.mkdir(parents=True)
    with cluster(bench.folder) as found:
        return [*_overhead(bench, found), *_calls(bench, found), *_plan(bench)]


def _overhead(bench: Bench, found: Cluster) -> Sequence[Figure]:
    few, many = bench.project(chain(2)), bench.project(chain(2 + STEPS))
    commands = {
        "few": found.run(few), "bare few": found.bare(few, 2),
        "many": found.run(many), "bare many": found.bare(many, 2 + STEPS),
    }  # fmt: skip
    costs = bench.costs(commands, min(bench.times, ROUNDS))
    bare = per_step_ms(costs["bare few"], costs["bare many"], STEPS)
    steps = per_step_ms(costs["few"], costs["many"], STEPS)
    over = [step - job for step, job in zip(steps, bare, strict=True)]
    return [
        figure("a Job that starts Python, net", "ms", bare),
        figure("a step, over that, net", "ms", over, OVERHEAD_MS, middle(bare)),
    ]


def _calls(bench: Bench, found: Cluster) -> Sequence[Figure]:
    made = bench.project(fan(MANY))
    command = found.run(made)
    before, throttled = found.counted(), found.throttled()
    cost = bench.meter.cost(command)
    asked = found.counted() - before
    return [
        figure(f"{MANY} steps, {ROOM} at once, net", "s", [cost.net]),
        figure("calls per step", "", [sum(asked.values()) / MANY], CALLS_PER_STEP),
        *(figure(f"  {kind}", "", [count / MANY]) for kind, count in _often(asked)),
        figure(f"lost, failed or tried again, of {MANY}", "", [_lost(made, command)], 0.0),
        figure("requests answered with 429", "", [found.throttled() - throttled], 0.0),
    ]


def _often(asked: Counter[str]) -> Sequence[tuple[str, int]]:
    return [(kind, count) for kind, count in asked.most_common() if count / MANY >= SHOWN_PER_STEP]


def _lost(made: Project, run: Command) -> float:
    argv = [*run.argv[:1], "show", "last", "-e", NAME, "--json"]
    shown = subprocess.run(argv, cwd=run.folder, env=run.environ, capture_output=True, check=True).stdout
    steps = json.loads(shown)["steps"]
    return float(MANY - sum(step["state"] == "succeeded" and len(step["attempts"]) == 1 for step in steps))


def _plan(bench: Bench) -> Sequence[Figure]:
    made = bench.project([{**step, "image": IMAGE} for step in chain(20)])  # a name would be looked up in the store
    describe(made, KubernetesTarget(namespace="ml", cpu=8, memory_gib=16, kubeconfig="nowhere"), "s3://nowhere/store")
    plan = ["plan", "pipeline.yaml", "-e", NAME]
    costs = bench.costs({"pass": floors.nothing(made.folder, made.environ), "plan": made.command(*plan)})
    floor = middle(cpu(costs["pass"]))
    listing = made.folder / "imported.txt"
    argv = [sys.executable, str(floors.PROGRAMS / "modules.py"), str(listing), *plan]
    bench.meter.cost(Command(argv, made.folder, made.environ))
    return [
        figure(
            "moorage plan, 20 steps, offline, CPU",
            "s",
            cpu(costs["plan"]),
            PLAN_SECONDS * floor / floors.PASS_CPU,
            floor,
        ),
        figure("  clients and table libraries imported", "", [float(len(listing.read_text().split()))], 0.0),
    ]
