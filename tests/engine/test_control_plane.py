"""The control plane of the rig is a real one: its controllers act, and RBAC and webhooks refuse."""

from collections.abc import Iterator

import pytest

from tests.engine.tools import Tools
from tests.rigs.kubernetes.api import Refused
from tests.rigs.kubernetes.plane import Plane, control_plane

pytestmark = pytest.mark.engine("Kubernetes", "JobSet", "Kueue")

POD = {"containers": [{"name": "main", "image": "none"}], "restartPolicy": "Never"}


@pytest.fixture(scope="module")
def plane(engine: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with control_plane(engine, tmp_path_factory.mktemp("plane")) as plane:
        yield plane


def test_a_job_gets_a_pod(plane: Plane):
    client, namespace = plane.client(), plane.make_namespace("job")
    job = {"metadata": {"name": "hello"}, "spec": {"template": {"spec": POD}}}
    client.create(f"/apis/batch/v1/namespaces/{namespace}/jobs", job)
    pods = client.until(f"/api/v1/namespaces/{namespace}/pods", lambda found: found["items"])
    assert pods["items"][0]["metadata"]["ownerReferences"][0]["name"] == "hello"


def test_somebody_without_rights_is_refused(plane: Plane):
    plane.user("nobody", ["strangers"])
    with pytest.raises(Refused, match='User "nobody" cannot list resource "jobs"'):
        plane.client("nobody").get("/apis/batch/v1/namespaces/default/jobs")
