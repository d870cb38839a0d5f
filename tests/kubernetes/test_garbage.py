"""What a driver that died has left in the cluster is taken away by `moorage gc`."""

from pathlib import Path

import pytest

from moorage.environments import Environment
from moorage.runs.gc import collect_garbage
from moorage.runs.place import Place
from moorage.spec.models import Resources
from tests.kubernetes.waiting import begun
from tests.rigs.base import Work
from tests.rigs.kubernetes_platform import KubernetesRig

pytestmark = [pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]


@pytest.mark.parametrize("nodes", [1, 2])
def test_jobs_that_no_run_knows_are_stopped_and_removed(rig: KubernetesRig, tmp_path: Path, nodes: int) -> None:
    work = Work(("sleep", "600"), resources=Resources(nodes=nodes))
    rig.crash(rig.lower(work), key="one", place="before answer")
    begun(rig, work)
    target = rig.target.model_dump(mode="json")
    environment = Environment(name="suite", platform="kubernetes", target=target, store=rig.store.uri)
    place = Place(tmp_path, environment, rig.store, rig.adapter, rig.target)
    with place.closing():
        assert collect_garbage(place).counts["jobs"] == 1
        assert collect_garbage(place).counts["jobs"] == 0
    rig.admin.until(rig.path("/api/v1", "pods"), lambda found: not found["items"])  # they go behind their jobs
