"""A cluster to measure on: a real control plane, one node whose containers are processes, and a bucket beside it."""

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

from moorage.environments import Environment, save_environment
from moorage.images.record import DEFAULT_IMAGE, PushedImage, register
from moorage.store import open_store
from moorage_kubernetes.target import KubernetesTarget
from tests.benchmarks.floors import PROGRAMS
from tests.benchmarks.measure import Command, Failed
from tests.benchmarks.projects import Project
from tests.engine.tools import tools
from tests.rigs.bucket import CREDENTIALS, bucket_server, variables_of
from tests.rigs.kubernetes.cluster import hidden
from tests.rigs.kubernetes.faults import Faults
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes.plane import Plane, control_plane

NAME = "cluster"
"""The environment."""
NAMESPACE = "bench"
IMAGE = f"registry.example/steps@sha256:{'0' * 64}"
ROOM = 20
"""So many steps fit at once: each asks for one CPU."""
MEMORY_GIB = 64

_NEEDS = ("Kubernetes",)
_THROTTLED = re.compile(r'^apiserver_request_total\{.*code="429".*\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True)
class Cluster:
    """One namespace; `calls` sees all that is asked of its API server by way of `target`."""

    plane: Plane
    target: KubernetesTarget
    calls: Faults

    def run(self, made: Project) -> Command:
        """Return a run of the project's pipeline, with a new store."""
        environ = {**self.target.environment, **CREDENTIALS}
        command = made.command("run", "pipeline.yaml", "-e", NAME)

        def prepare() -> None:
            made.forget()
            with patch.dict(os.environ, environ):
                know(made, self.target)

        return replace(command, environ={**command.environ, **environ}, prepare=prepare)

    def bare(self, made: Project, number: int) -> Command:
        """Return so many Jobs, one after another, each made and waited for without moorage's help."""
        file = made.folder / "target.json"
        file.write_text(self.target.model_dump_json())
        argv = [sys.executable, str(PROGRAMS / "bare_jobs.py"), str(file), str(number)]
        return Command(argv, made.folder, made.environ)

    def counted(self) -> Counter[str]:
        """Return how often each thing has been asked, by verb and resource."""
        return Counter(f"{seen.call.verb} {seen.call.resource}" for seen in self.calls.seen)

    def throttled(self) -> float:
        """Return how many requests the API server has ever answered with 429."""
        return sum(map(float, _THROTTLED.findall(self.plane.client().text("/metrics"))))


def know(made: Project, target: KubernetesTarget) -> None:
    """Let the project know the cluster as an environment, with a new store that has an image."""
    store = open_store(f"s3://{NAMESPACE}/{os.urandom(8).hex()}")
    store.ensure()
    register(store, PushedImage(name=DEFAULT_IMAGE, reference=IMAGE, base="python", moorage="0"))
    describe(made, target, store.uri)


def describe(made: Project, target: KubernetesTarget, store: str) -> None:
    """Let the project know the cluster as an environment."""
    found = Environment(name=NAME, platform="kubernetes", target=target.model_dump(mode="json"), store=store)
    save_environment(json.loads(found.model_dump_json(by_alias=True)), made.folder)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Yield a cluster whose files are below the folder. Raises Failed where its programs are not here."""
    found = tools()
    if lacking := found.without(_NEEDS):
        raise Failed(f"no {', '.join(lacking)} here: `make engine` builds what is missing")
    calls = Faults()
    with (
        bucket_server(NAMESPACE) as server,
        control_plane(found, folder / "plane", ()) as plane,
        join(plane, "worker", cpu=str(ROOM), memory=f"{MEMORY_GIB}Gi", shared=hidden()),
    ):
        plane.make_namespace(NAMESPACE)
        secret = {"metadata": {"name": "store"}, "stringData": CREDENTIALS}
        plane.client().create(f"/api/v1/namespaces/{NAMESPACE}/secrets", secret)
        target = KubernetesTarget(
            namespace=NAMESPACE, cpu=ROOM, memory_gib=MEMORY_GIB, kubeconfig=str(plane.through(calls)),
            jobset=False, store_secrets=("store",),
            environment={**variables_of(server), "AWS_EC2_METADATA_DISABLED": "true"},
        )  # fmt: skip
        yield Cluster(plane, target, calls)
