"""A small Azure Blob service on loopback: blobs, blocks, conditional puts and listings, as the REST API has them."""

from collections.abc import Mapping
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.unit.store.proxy import read_body, send

PAGE = 100


class AzureHandler(BaseHTTPRequestHandler):
    """Subclass it with `blobs` and `blocks` of its own."""

    protocol_version = "HTTP/1.1"
    blobs: dict[str, bytes]
    blocks: dict[tuple[str, str], bytes]
    lock: Lock

    def _handle(self) -> None:
        body = read_body(self)
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        with self.lock:
            if query.get("comp") == "list":
                self._send(200, _listing(self.blobs, query))
            elif query.get("comp") == "batch":
                self._batch(body)
            else:
                getattr(self, f"_{self.command.lower()}")(unquote(url.path), query, body)

    def _put(self, path: str, query: Mapping[str, str], body: bytes) -> None:
        if query.get("comp") == "block":
            self.blocks[path, query["blockid"]] = body
            return self._send(201)
        if query.get("comp") == "blocklist":
            names = [part.partition("<")[0] for part in body.decode().split("<Uncommitted>")[1:]]
            body = b"".join(self.blocks[path, name] for name in names)
        elif self.headers.get("if-none-match") == "*" and path in self.blobs:
            return self._fail(409, "BlobAlreadyExists")
        self.blobs[path] = body
        self._send(201)

    def _get(self, path: str, query: Mapping[str, str], body: bytes) -> None:
        if path not in self.blobs:
            return self._fail(404, "BlobNotFound")
        self._send(200, self.blobs[path])

    _head = _get

    def _delete(self, path: str, query: Mapping[str, str], body: bytes) -> None:
        if self.blobs.pop(path, None) is None:
            return self._fail(404, "BlobNotFound")
        self._send(202)

    def _batch(self, body: bytes) -> None:
        parts = []
        for number, line in enumerate(line for line in body.decode().splitlines() if line.startswith("DELETE ")):
            gone = self.blobs.pop(unquote(urlsplit(line.split(" ")[1]).path), None)
            answer = "202 Accepted" if gone is not None else "404 The specified blob does not exist."
            head = f"--b\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
            parts.append(f"{head}HTTP/1.1 {answer}\r\nx-ms-request-id: 1\r\nContent-Length: 0\r\n\r\n")
        self._send(202, ("".join(parts) + "--b--\r\n").encode(), {"content-type": "multipart/mixed; boundary=b"})

    def _fail(self, status: int, code: str) -> None:
        self._send(status, f"<Error><Code>{code}</Code></Error>".encode(), {"x-ms-error-code": code})

    def _send(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        common = {"etag": '"0x1"', "last-modified": formatdate(usegmt=True), "x-ms-version": "2023-11-03"}
        send(self, status, {**common, **(headers or {})}, body, length=str(len(body)))

    def log_message(self, *_: Any) -> None:
        pass

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815 - http.server's names


def _listing(blobs: Mapping[str, bytes], query: Mapping[str, str]) -> bytes:
    prefix, delimiter, start = query.get("prefix", ""), query.get("delimiter"), query.get("marker", "")
    names = sorted(path.split("/", 2)[2] for path in blobs)
    names = [name for name in names if name.startswith(prefix) and name >= start]
    container = next(iter(blobs), "//").split("/", 2)[1]
    found, folders = [], []
    for name in names[:PAGE]:
        inner = name[len(prefix) :]
        if delimiter and delimiter in inner:
            folders.append(prefix + inner.partition(delimiter)[0] + delimiter)
        else:
            found.append((name, len(blobs[f"/{container}/{name}"])))
    return _xml(found, sorted(set(folders)), "".join(names[PAGE : PAGE + 1]))


def _xml(found: list[tuple[str, int]], folders: list[str], marker: str) -> bytes:
    date = formatdate(usegmt=True)
    items = "".join(
        f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>{date}</Last-Modified><Etag>0x1</Etag>"
        f"<Content-Length>{size}</Content-Length><Content-Type>x</Content-Type></Properties></Blob>"
        for name, size in found
    )
    items += "".join(f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>" for name in folders)
    text = f"<EnumerationResults><Blobs>{items}</Blobs><NextMarker>{escape(marker)}</NextMarker></EnumerationResults>"
    return text.encode()
