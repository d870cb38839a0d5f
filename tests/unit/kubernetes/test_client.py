"""What a driver makes of a connection to the cluster that does not come about, or breaks off."""

from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from moorage.errors import TargetError
from moorage_kubernetes.client import JOB, Api
from moorage_kubernetes.refusals import Unreached
from moorage_kubernetes.target import KubernetesTarget
from tests.unit.kubernetes.listening import hangs_up, listening, stranger
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


def api(url: str, folder: Path) -> Api:
    """Return what asks once at that address, and trusts no authority but the usual ones."""
    file = Kubeconfig(folder).write({"token": "t"}, {"server": url})
    return Api(KubernetesTarget(namespace="ml", cpu=1, memory_gib=1, kubeconfig=str(file))).hasty()


def test_an_event_that_is_cut_is_no_answer(tmp_path: Path) -> None:
    with serving(Balancer) as url:
        events = api(url, tmp_path).watch(JOB, "", "1")
        assert next(events)["type"] == "ADDED"
        with pytest.raises(Unreached, match="did not answer"):
            next(events)


def test_a_server_that_goes_before_it_has_said_who_it_is_may_be_asked_again(tmp_path: Path) -> None:
    with listening(hangs_up) as url, pytest.raises(Unreached, match="did not answer"):
        api(url, tmp_path).get(JOB, "train")


def test_a_server_that_nobody_vouches_for_is_named(tmp_path: Path) -> None:
    with listening(stranger(tmp_path)) as url, pytest.raises(TargetError, match=f"the certificate of {url} is not"):
        api(url, tmp_path).get(JOB, "train")
