"""What a driver makes of a watch that breaks off."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from moorage_kubernetes.client import JOB, Api
from moorage_kubernetes.refusals import Unreached
from moorage_kubernetes.target import KubernetesTarget
from tests.unit.kubernetes.test_access import Kubeconfig
from tests.unit.store.proxy import serving


class Balancer(BaseHTTPRequestHandler):
    """Ends each watch as if that were its end, in the middle of the second event."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"type": "ADDED", "object": {}}\n{"type": "ADD')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with serving(Balancer) as url:
        file = Kubeconfig(tmp_path).write({"token": "t"}, {"server": url})
        yield Api(KubernetesTarget(namespace="ml", cpu=1, memory_gib=1, kubeconfig=str(file)))


def test_an_event_that_is_cut_is_no_answer(api: Api) -> None:
    events = api.watch(JOB, "", "1")
    assert next(events)["type"] == "ADDED"
    with pytest.raises(Unreached, match="did not answer"):
        next(events)
