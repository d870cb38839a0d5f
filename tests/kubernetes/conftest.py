"""A namespace of the cluster of this test process, which runs steps; gone with the session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rigs.kubernetes.cluster import CLUSTER
from tests.rigs.kubernetes_platform import KubernetesRig


@pytest.fixture(scope="session", autouse=True)
def clusters() -> Iterator[None]:
    """The cluster is gone at the end."""
    yield
    CLUSTER.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[KubernetesRig]:
    """A namespace of its own, as a platform."""
    found = KubernetesRig(tmp_path)
    yield found
    found.close()
