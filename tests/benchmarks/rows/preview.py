"""What `pulumi preview` costs for an environment to which nothing is to be done, beside a program that does nothing."""

import compileall
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.bench import Bench, net
from tests.benchmarks.figure import Figure, figure
from tests.benchmarks.measure import Command, Failed, middle
from tests.engine.tools import tools
from tests.infra.engine import copy_of_the_project, define_monitoring, make_stack, world
from tests.rigs.kubernetes.plane import Plane, control_plane
from tests.rigs.pulumi.stack import Stack

PARTS = ("Pulumi", "Kubernetes", "JobSet", "Kueue")
STACKS = ("local-dev", "onprem")
RATIO = 1.5
EMPTY = 'import pulumi\n\npulumi.export("environment", {})\n'
ONE = """
import pulumi_kubernetes as k8s

cluster = k8s.Provider("cluster", kubeconfig="~/.kube/config", context="onprem", cluster_identifier="one")
k8s.core.v1.Namespace("one", metadata={"name": "one"}, opts=pulumi.ResourceOptions(provider=cluster))
"""


def preview(bench: Bench) -> Sequence[Figure]:
    """Return the preview of two stacks over that of an empty program, and over one that has a single object."""
    bench.folder.mkdir(parents=True)
    with _plane(bench.folder) as plane:
        commands = {
            name: _standing(bench.folder, plane, name, EMPTY + more) for name, more in (("empty", ""), ("one", ONE))
        }
        commands |= {name: _standing(bench.folder, plane, name) for name in STACKS}
        costs = {name: net(each) for name, each in bench.costs(commands).items()}
    empty, one = middle(costs["empty"]), middle(costs["one"])
    figures = [figure("an empty program", "s", costs["empty"]), figure("a program of one object", "s", costs["one"])]
    for name in STACKS:
        figures.append(
            figure(
                f"{name}, unchanged, over the empty program", "x", [each / empty for each in costs[name]], RATIO, 1.0
            )
        )
        figures.append(
            figure(f"{name}, unchanged, over one object", "x", [each / one for each in costs[name]], RATIO, 1.0)
        )
    return figures


def _standing(folder: Path, plane: Plane, name: str, program: str | None = None) -> Command:
    # Each has a project and a world of its own, all the same cluster.
    own = folder / name
    project, home = copy_of_the_project(own), world(own, plane.kubeconfig)
    if program is not None:
        (project / "infra" / "__main__.py").write_text(program)
    compileall.compile_dir(project / "infra", quiet=2)
    stack = make_stack(tools().pulumi, project, home, name if program is None else STACKS[0])
    made = stack.up()
    if not made.ok:
        raise Failed(f"{name} did not go up: {made.errors or made.stderr}")
    return _command(stack)


def _command(stack: Stack) -> Command:
    argv = [str(stack.pulumi), "preview", "--stack", stack.name, "--non-interactive", "--expect-no-changes"]
    return Command(argv, stack.project, stack.environment())


@contextmanager
def _plane(folder: Path) -> Iterator[Plane]:
    found = tools()
    if lacking := found.without(PARTS):
        raise Failed(f"no {', '.join(lacking)} here: `make engine` builds what is missing")
    (folder / "plane").mkdir()
    with control_plane(found, folder / "plane", ("jobset", "kueue")) as plane:
        define_monitoring(plane.client())
        yield plane
