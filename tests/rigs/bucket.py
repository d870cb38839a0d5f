"""A server that speaks S3 on the loopback: moto's, with writes one at a time.

moto looks whether an object is there and then writes it, in one thread for each request: of conditional puts that
race, two may win on a busy machine. A store that lets them is refused, and rightly.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import Lock, Thread
from typing import Any

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""What opens it."""
_READS = ("GET", "HEAD")


def variables_of(server: str) -> dict[str, str]:
    """Return what leads a process to the server, but for the credentials."""
    return {"AWS_ENDPOINT_URL": f"http://{server}", "AWS_DEFAULT_REGION": "us-east-1", "NO_PROXY": "127.0.0.1"}


@contextmanager
def bucket_server(*buckets: str) -> Iterator[str]:
    """Yield `host:port` of a server that has these buckets."""
    # Here: it is large, and a child's memory is counted from its parent's.
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app, lock = DomainDispatcherApplication(create_backend_app), Lock()

    def in_turn(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in _READS:
            return list(app(environ, start))
        with lock:
            return list(app(environ, start))

    server = make_server("127.0.0.1", 0, in_turn, threaded=True, request_handler=MotoRequestHandler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        for name in buckets:
            make_bucket(f"127.0.0.1:{server.server_port}", name)
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_bucket(server: str, bucket: str) -> None:
    """Make an empty bucket."""
    connection = HTTPConnection(server)
    connection.request("PUT", f"/{bucket}")
    assert connection.getresponse().status == 200
    connection.close()
