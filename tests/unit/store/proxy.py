"""An HTTP proxy on loopback, in front of a real server, that a test can make misbehave."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Call:
    """One request on its way: a test may change it before it is passed on."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Proxy:
    """`change` sees each request first; when `drops` says so of a request, its answer is thrown away."""

    server: str
    change: Callable[[Call], None] = lambda call: None
    drops: Callable[[Call], bool] = lambda call: False
    answers: Callable[[Call], int | None] = lambda call: None
    calls: list[Call] = field(default_factory=list)
    url: str = ""


@contextmanager
def proxied(server: str):
    """Yield a proxy in front of `server` (host:port); it passes everything on until it is told otherwise."""
    proxy = Proxy(server)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with serving(handler) as proxy.url:
        yield proxy


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]):
    """Yield the URL at which `handler` answers on loopback."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    http.daemon_threads = True
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}"
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def handle_any(self) -> None:
        body = read_body(self)
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, self.path, headers)
        self.proxy.calls.append(call)
        self.proxy.change(call)
        if status := self.proxy.answers(call):
            return send(self, status, {}, b"")
        response, data = self._pass_on(call, body)
        if self.proxy.drops(call):
            self.close_connection = True
            self.connection.close()
            return None
        send(self, response.status, dict(response.getheaders()), data, length=response.getheader("content-length"))

    def _pass_on(self, call: Call, body: bytes) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection(self.proxy.server, timeout=30)
        try:
            kept = {name: value for name, value in call.headers.items() if name != "content-length"}
            connection.request(call.method, call.path, body=body, headers=kept)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def log_message(self, *_: Any) -> None:
        pass

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815 - http.server's names


def read_body(handler: BaseHTTPRequestHandler) -> bytes:
    """Return the whole body of a request."""
    return handler.rfile.read(int(handler.headers.get("content-length", 0)))


def send(
    handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes, length: str | None = None
) -> None:
    """Answer a request; `length` is what a HEAD says of a body that is not sent."""
    handler.send_response_only(status)
    for name, value in headers.items():
        if name.lower() not in ("content-length", "connection", "transfer-encoding"):
            handler.send_header(name, value)
    handler.send_header("content-length", length if length and handler.command == "HEAD" else str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)
