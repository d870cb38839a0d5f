"""What Kueue itself tells Prometheus, by the names that alerts and dashboards ask for."""

import re

import pytest

from moorage_infra.kubernetes.queues import API, cluster_queue
from tests.infra.metrics import KUEUE
from tests.infra.stacks import settings
from tests.rigs.kubernetes.api import Client
from tests.rigs.kubernetes.plane import Plane

pytestmark = [pytest.mark.engine("Kubernetes", "Kueue"), pytest.mark.slow]

GRANTS = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture
def prometheus(client: Client, plane: Plane, namespace: str) -> str:
    """Somebody who may read metrics, and nothing else."""
    role = {"kind": "ClusterRole", "name": namespace, "apiGroup": GRANTS.split("/")[2]}
    reader = {"kind": "ServiceAccount", "namespace": namespace, "name": "prometheus"}
    rule = {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}
    client.create(f"{GRANTS}/clusterroles", {"metadata": {"name": namespace}, "rules": [rule]})
    bound = {"metadata": {"name": namespace}, "roleRef": role, "subjects": [reader]}
    client.create(f"{GRANTS}/clusterrolebindings", bound)
    return plane.service_account(namespace, "prometheus")


def test_kueue_counts_what_waits_by_the_names_that_alerts_ask_for(plane: Plane, client: Client, prometheus: str):
    stack = settings("local-dev")
    queue = {"apiVersion": API, "kind": "ClusterQueue", "metadata": {"name": stack.namespace}}
    body = {**queue, "spec": cluster_queue(stack, {"cpu": "cpu"})}
    path = f"/apis/{API}/clusterqueues"
    client.create(path, body)
    client.until(f"{path}/{stack.namespace}", lambda found: found.get("status", {}).get("conditions"))
    lines = plane.metrics("kueue", prometheus).splitlines()
    for name, labels in KUEUE.items():
        found = [set(re.findall(r'(\w+)="', line)) for line in lines if line.startswith(f"{name}{{")]
        assert found.count(labels) == len(found) > 0
    assert f'kueue_pending_workloads{{cluster_queue="{stack.namespace}",status="inadmissible"}} 0' in lines
