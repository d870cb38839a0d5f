"""Requests find the pods of a service by name, and go to two versions of it by the weights of a route."""

import os
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.engine.pods import POD_IP, create
from tests.rigs.kubernetes.api import Client, Object
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes.plane import Plane
from tests.rigs.kubernetes.serviceproxy import service_proxy

pytestmark = [pytest.mark.engine("Kubernetes"), pytest.mark.slow]

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ROUTES = "/apis/gateway.networking.k8s.io/v1"
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["VERSION"].encode())
http.server.HTTPServer((os.environ["POD_IP"], 8080), Handler).serve_forever()
"""
PATIENCE_SECONDS = 30.0


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="module")
def url(plane: Plane, shared: Path) -> Iterator[str]:
    with join(plane, "worker", shared=(str(shared),)), service_proxy(plane) as url:
        yield url


@pytest.fixture(scope="module")
def routes(plane: Plane) -> None:
    schemas = os.environ.get("MOORAGE_VENDOR_SCHEMAS")
    if not schemas:
        pytest.skip("set MOORAGE_VENDOR_SCHEMAS to the folder with the Gateway API's definitions")
    text = (Path(schemas) / "kubernetes" / "gateway.networking.k8s.io_httproutes.yaml").read_text()
    definition = yaml.safe_load(text)
    client = plane.client()
    client.create(DEFINITIONS, definition)
    client.until(f"{DEFINITIONS}/{definition['metadata']['name']}", lambda made: "Established" in str(made["status"]))
    client.until(f"{ROUTES}/httproutes", bool, tolerates=(404, 429))  # 429: it has not read what there is yet


def test_a_service_is_reached_by_its_name_as_soon_as_a_pod_is_ready(
    client: Client, namespace: str, url: str, shared: Path
):
    serve(client, namespace, "web", probed=f"{shared}/open")
    host = f"web.{namespace}"
    wait(lambda: ask(url, host) == (503, f"service {namespace}/web has no ready endpoint for port 80\n"))
    (shared / "open").touch()
    wait(lambda: ask(url, host) == (200, "web"))


def test_a_host_that_nobody_has_is_not_found(url: str):
    assert ask(url, "nobody.nowhere")[0] == 404


@pytest.mark.usefixtures("routes")
def test_a_route_shares_requests_out_by_weight(client: Client, namespace: str, url: str):
    for version in ("old", "new"):
        serve(client, namespace, version)
        wait(lambda version=version: ask(url, f"{version}.{namespace}") == (200, version))  # type: ignore[misc]
    host = f"{namespace}.example"
    routes = f"{ROUTES}/namespaces/{namespace}/httproutes"
    client.create(routes, route(host, old=9, new=1))
    client.until(f"{routes}/canary", lambda made: "Accepted" in str(made.get("status")))
    wait(lambda: ask(url, host)[0] == 200)
    assert Counter(ask(url, host)[1] for _ in range(20)) == {"old": 18, "new": 2}
    client.merge(f"{routes}/canary", {"spec": {"rules": route(host, old=0, new=1)["spec"]["rules"]}})
    wait(lambda: {ask(url, host)[1] for _ in range(3)} == {"new"})


def serve(client: Client, namespace: str, name: str, probed: str = "/") -> None:
    ports = [{"port": 80, "targetPort": 8080}]
    service = {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": ports}}
    client.create(f"/api/v1/namespaces/{namespace}/services", service)
    main = {
        "name": "main", "image": "any", "command": ["python", "-c", SERVER],
        "env": [POD_IP, {"name": "VERSION", "value": name}],
        "readinessProbe": {"exec": {"command": ["test", "-e", probed]}, "periodSeconds": 1},
    }  # fmt: skip
    create(client, namespace, {"containers": [main]}, name, labels={"app": name})


def route(host: str, **weights: int) -> Object:
    backends = [{"name": name, "port": 80, "weight": weight} for name, weight in weights.items()]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "canary"},
        "spec": {"parentRefs": [{"name": "any"}], "hostnames": [host], "rules": [{"backendRefs": backends}]},
    }  # fmt: skip


def ask(url: str, host: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Host": host}), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
