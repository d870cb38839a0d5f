"""What tests against a Kubernetes share: one control plane per module, and a namespace of its own for each test."""

import uuid
from collections.abc import Iterator

import pytest

from tests.engine.tools import Tools
from tests.rigs.kubernetes.api import Client
from tests.rigs.kubernetes.plane import ADDONS, Plane, control_plane


@pytest.fixture(scope="module")
def plane(request: pytest.FixtureRequest, engine: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """The module's control plane, with JobSet and Kueue where the module's mark `engine` names them."""
    named = {part.lower() for mark in request.node.iter_markers("engine") for part in mark.args}
    addons = tuple(name for name in ADDONS if name in named)
    with control_plane(engine, tmp_path_factory.mktemp("plane"), addons) as plane:
        yield plane


@pytest.fixture
def client(plane: Plane) -> Client:
    """The administrator."""
    return plane.client()


@pytest.fixture
def namespace(plane: Plane) -> str:
    """An empty namespace in which pods can be created."""
    return plane.make_namespace(f"test-{uuid.uuid4().hex[:8]}")
