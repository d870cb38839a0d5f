"""A registry of images on loopback, in memory: what the distribution protocol needs to push and to pull."""

import hashlib
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Registry(ThreadingHTTPServer):
    """Blobs by digest, manifests by repository and tag or digest, uploads under way by id."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.uploads: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        """Host and port, as a reference begins."""
        return f"127.0.0.1:{self.server_port}"


@contextmanager
def serving() -> Iterator[Registry]:
    """Yield a registry that answers for as long as this lasts."""
    with Registry() as registry:
        thread = threading.Thread(target=registry.serve_forever)
        thread.start()
        try:
            yield registry
        finally:
            registry.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Registry
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.path == "/v2/":
            return self._answer(200)
        if found := re.fullmatch(r"/v2/.+/blobs/(sha256:\w+)", self.path):
            return self._give("application/octet-stream", self.server.blobs.get(found.group(1)))
        return self._give(*self.server.manifests.get(self.path, ("", None)))

    def do_POST(self) -> None:
        name = uuid.uuid4().hex
        self.server.uploads[name] = b""
        self._answer(202, Location=f"{self.path.partition('?')[0]}{name}")

    def do_PATCH(self) -> None:
        self.server.uploads[self.path.rpartition("/")[2]] += self._body()
        self._answer(202, Location=self.path)

    def do_PUT(self) -> None:
        path, _, query = self.path.partition("?")
        if "/manifests/" in path:
            return self._keep_manifest(path, self._body())
        data = self.server.uploads.pop(path.rpartition("/")[2]) + self._body()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if digest.partition(":")[2] not in query:
            return self._answer(400)
        self.server.blobs[digest] = data
        return self._answer(201, Location=f"/v2/x/blobs/{digest}")

    def _keep_manifest(self, path: str, data: bytes) -> None:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        kept = (self.headers["Content-Type"], data)
        self.server.manifests[path] = self.server.manifests[f"{path.rpartition('/')[0]}/{digest}"] = kept
        self._answer(201, b"", **{"Docker-Content-Digest": digest})

    def _give(self, kind: str, data: bytes | None) -> None:
        if data is None:
            return self._answer(404)
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        return self._answer(200, data, **{"Content-Type": kind, "Docker-Content-Digest": digest})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, code: int, data: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
