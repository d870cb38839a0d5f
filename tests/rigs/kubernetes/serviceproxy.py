"""A proxy that brings HTTP requests to services of the rig, as an ingress or a gateway does.

It is ours and no part of Kubernetes: it stands for kube-proxy and for a Gateway controller, neither of which could
reach pods that have no network. It runs in a process of its own, since tests themselves may reach 127.0.0.1 alone.
One connection is one request.
"""

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from tests.rigs.kubernetes.api import LOOK_SECONDS, MERGE, Object, Refused
from tests.rigs.kubernetes.node.api import ApiServer, access
from tests.rigs.kubernetes.node.clock import now
from tests.rigs.kubernetes.node.watching import Watch
from tests.rigs.kubernetes.plane import Plane
from tests.rigs.kubernetes.ports import Port
from tests.rigs.kubernetes.routing import Request, Table, Unroutable

KINDS = {
    "Service": "/api/v1/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/endpointslices",
    "HTTPRoute": "/apis/gateway.networking.k8s.io/v1/httproutes",
}
CONTROLLER = "moorage.dev/service-proxy"
ROOT = Path(__file__).parents[3]
CHUNK_BYTES = 65536
START = "import runpy, sys; sys.path[0] = sys.argv.pop(1); runpy.run_module(sys.argv.pop(1), run_name='__main__')"


@contextmanager
def service_proxy(plane: Plane) -> Iterator[str]:
    """Yield the URL of a proxy: the `Host` of a request is a hostname of an HTTPRoute, or `<service>.<namespace>`."""
    port = Port()
    argv: list[str | Path] = [sys.executable, "-c", START, ROOT, __spec__.name, plane.kubeconfig, str(port)]
    plane.processes.start("service-proxy", argv)
    try:
        while not _answers(port.number):
            plane.processes.check()
            time.sleep(LOOK_SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        plane.processes.end("service-proxy")
        port.close()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


class ServiceProxy:
    """The proxy at work."""

    def __init__(self, api: ApiServer) -> None:
        self._api, self._table = api, Table()

    async def serve(self, port: int) -> None:
        """Answer until cancelled, from when all services are known."""
        self._loop, stopped = asyncio.get_running_loop(), threading.Event()
        known = [Watch(self._api, path, partial(self._heard, kind), stopped) for kind, path in KINDS.items()]
        for watch in known:
            watch.start()
        for watch in known[:2]:  # a cluster without the Gateway API has no routes to be waited for
            await asyncio.to_thread(watch.listed.wait)
        server = await asyncio.start_server(self._handle, "127.0.0.1", port)
        await server.serve_forever()

    def _heard(self, kind: str, event: str, told: Object) -> None:
        self._loop.call_soon_threadsafe(self._table.heard, kind, event, told)
        if kind == "HTTPRoute" and event != "DELETED" and (status := accepted(told, now())):
            meta = told["metadata"]
            path = f"{KINDS[kind].replace('httproutes', '')}namespaces/{meta['namespace']}/httproutes/{meta['name']}"
            with suppress(Refused):  # it has just gone
                self._api.patch(f"{path}/status", status, MERGE)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                head = await reader.readuntil(b"\r\n\r\n")
                try:
                    pod = await self._pod(_parsed(head))
                except Unroutable as error:
                    writer.write(_answer(error))
                    await writer.drain()
                    return
                await _join((reader, writer), pod, _closing(head))
        finally:
            writer.close()

    async def _pod(self, request: Request) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for host, port in self._table.addresses(request):
            with suppress(OSError):  # it has just gone; the next may be there
                return await asyncio.open_connection(host, port)
        raise Unroutable(502, "no ready endpoint can be connected to")


def accepted(route: Object, at: str) -> Object | None:
    """Return the status by which a gateway says that it has taken up a route; None where that is said already.

    Whether the services of the route are there is not said: a request is told.
    """
    generation = route["metadata"]["generation"]
    said = [each["observedGeneration"] for parent in _parents(route) for each in parent["conditions"]]
    parents = route["spec"].get("parentRefs", ())
    if not parents or (said and min(said) >= generation):
        return None
    condition = {
        "type": "Accepted", "status": "True", "reason": "Accepted", "message": "",
        "lastTransitionTime": at, "observedGeneration": generation,
    }  # fmt: skip
    made = [{"parentRef": each, "controllerName": CONTROLLER, "conditions": [condition]} for each in parents]
    return {"status": {"parents": made}}


def _parents(route: Object) -> list[Object]:
    found = route.get("status", {}).get("parents", ())
    return [each for each in found if each["controllerName"] == CONTROLLER]


async def _join(
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    pod: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    head: bytes,
) -> None:
    pod[1].write(head)
    upwards = asyncio.create_task(_copy(client[0], pod[1]))
    try:
        await _copy(pod[0], client[1])
    finally:
        upwards.cancel()
        pod[1].close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(CHUNK_BYTES):
            target.write(data)
            await target.drain()


def _parsed(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): text.strip() for name, _, text in (line.partition(":") for line in lines if line)}
    return Request(headers.get("host", ""), first.split(" ")[1], headers)


def _closing(head: bytes) -> bytes:
    # A pod that kept the connection would take the next request, which may be for another.
    lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if any(line.lower().startswith(b"upgrade:") for line in lines):
        return head
    kept = [line for line in lines if not line.lower().startswith((b"connection:", b"keep-alive:"))]
    return b"\r\n".join([*kept, b"Connection: close", b"", b""])


def _answer(error: Unroutable) -> bytes:
    text = f"{error}\n".encode()
    head = f"HTTP/1.1 {error.status} Unroutable\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
    return head.encode() + text


if __name__ == "__main__":
    asyncio.run(ServiceProxy(ApiServer(access(Path(sys.argv[1])))).serve(int(sys.argv[2])))
