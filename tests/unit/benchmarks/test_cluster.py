"""The cluster that is measured on: what is said where it cannot be, and what a plan knows of it."""

from pathlib import Path

import pytest

from moorage.environments import load_environment, target_of
from moorage_kubernetes.target import KubernetesTarget
from tests.benchmarks import cluster
from tests.benchmarks.measure import Failed
from tests.benchmarks.projects import chain, project


class Nothing:
    def without(self, parts: object) -> list[str]:
        return ["Kubernetes"]


def test_what_is_not_there_is_named_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "tools", Nothing)
    with pytest.raises(Failed, match="no Kubernetes here: `make engine`"), cluster.cluster(tmp_path):
        pass


def test_a_project_knows_the_cluster_without_it(tmp_path: Path) -> None:
    made = project(tmp_path / "p", chain(2))
    target = KubernetesTarget(namespace="ml", cpu=8, memory_gib=16)
    cluster.describe(made, target, "s3://nowhere/store")
    assert target_of(load_environment(cluster.NAME, made.folder)) == target
