"""Pods run as processes on the rig's node, and all that Kubernetes does with them is Kubernetes' own doing."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.tools import Tools
from tests.rigs.kubernetes.api import Client, Object
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes.node.running import RunningNode
from tests.rigs.kubernetes.plane import Plane, control_plane

pytestmark = [pytest.mark.engine("Kubernetes"), pytest.mark.slow]


@pytest.fixture(scope="module")
def plane(engine: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with control_plane(engine, tmp_path_factory.mktemp("plane"), addons=()) as plane:
        yield plane


@pytest.fixture(scope="module")
def node(plane: Plane) -> Iterator[RunningNode]:
    with join(plane, "worker") as node:
        yield node


@pytest.fixture
def client(plane: Plane, node: RunningNode) -> Client:
    return plane.client()


@pytest.fixture
def namespace(plane: Plane) -> str:
    return plane.make_namespace(f"test-{uuid.uuid4().hex[:8]}")


def test_a_job_runs_its_command_and_its_log_can_be_read(client: Client, namespace: str):
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    client.create(jobs, {"metadata": {"name": "hello"}, "spec": {"template": {"spec": shell("echo hello")}}})
    client.until(f"{jobs}/hello", lambda job: job["status"].get("succeeded") == 1)
    (pod,) = client.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    assert client.text(f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}/log") == "hello\n"


def shell(script: str, **more: Any) -> Object:
    return {
        "restartPolicy": "Never",
        "containers": [{"name": "main", "image": "any", "command": ["sh", "-c", script], **more}],
    }
