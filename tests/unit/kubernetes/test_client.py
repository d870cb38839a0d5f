"""What a driver makes of a connection to the cluster that does not come about, or breaks off."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread

import pytest

from moorage.errors import TargetError
from moorage_kubernetes.client import JOB, Api
from moorage_kubernetes.refusals import Unreached
from moorage_kubernetes.target import KubernetesTarget
from tests.rigs.kubernetes.certificates import Authority
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


@contextmanager
def listening(meet: Callable[[socket.socket], object]) -> Iterator[str]:
    """Yield the address of a server that does so with each connection, and closes it."""

    def run() -> None:
        with suppress(OSError):
            while True:
                with server.accept()[0] as connection:
                    meet(connection)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=run)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


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
    with listening(lambda connection: connection.recv(65536)) as url, pytest.raises(Unreached, match="did not answer"):
        api(url, tmp_path).get(JOB, "train")


def test_a_server_that_nobody_vouches_for_is_named(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = Authority(tmp_path).server("stranger")
    context.load_cert_chain(pair.certificate, pair.key)

    def meet(connection: socket.socket) -> None:
        with suppress(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    with listening(meet) as url, pytest.raises(TargetError, match=f"the certificate of {url} is not one that"):
        api(url, tmp_path).get(JOB, "train")
