"""The server of a node: the API server fetches the logs of containers here, as it does from a kubelet."""

import datetime as dt
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from tests.rigs.kubernetes.node.clock import parsed
from tests.rigs.kubernetes.node.logs import Asked, read
from tests.rigs.kubernetes.pair import Pair

QUIET_SECONDS = 10.0


class Log(Protocol):
    """The log of one run of one container."""

    @property
    def file(self) -> Path:
        """Where it is written."""

    def ended(self) -> bool:
        """Return whether nothing more is written."""


Find = Callable[[str, str, str, bool], Log]
"""Takes namespace, pod, container and whether the previous run is meant; LookupError says why there is no log."""


class KubeletServer:
    """Serves `/containerLogs` and `/healthz` over HTTPS on a port of its own."""

    def __init__(self, pair: Pair, find: Find) -> None:
        handler = type("Handler", (_Handler,), {"find": staticmethod(find)})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        # The handshake is left to each connection's own thread: a silent one must not hold up the others.
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, name="kubelet", daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = QUIET_SECONDS
    find: Find

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        words = [unquote(word) for word in url.path.split("/")[1:]]
        if words == ["healthz"]:
            return self._say(200, b"ok")
        if len(words) != 4 or words[0] != "containerLogs":
            return self._say(404, b"404 page not found\n")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        try:
            log = type(self).find(words[1], words[2], words[3], query.get("previous") == "true")
        except LookupError as error:
            return self._say(400, f"{error.args[0]}\n".encode())
        return self._stream(log, asked(query))

    def _stream(self, log: Log, wanted: Asked) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for line in read(log.file, wanted, log.ended):
                if line:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:  # whoever followed it has gone
            self.close_connection = True

    def _say(self, code: int, text: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


def asked(query: Mapping[str, str]) -> Asked:
    """Return what the query of a log request means."""
    since = None
    if "sinceTime" in query:
        since = parsed(query["sinceTime"])
    elif "sinceSeconds" in query:
        since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=int(query["sinceSeconds"]))
    return Asked(
        follow=query.get("follow") == "true",
        timestamps=query.get("timestamps") == "true",
        tail=int(query["tailLines"]) if "tailLines" in query else None,
        since=since,
        limit=int(query["limitBytes"]) if "limitBytes" in query else None,
    )
