"""Serve a Bento from its folder in this process: one worker, so one import and one copy of the model."""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from moorage.errors import SpecError, TargetError
from moorage_serving.manifest import read_manifest

LOOPBACK = "127.0.0.1"
"""Where a service listens by default: nobody but this machine reaches it."""


def serve(folder: Path, host: str = LOOPBACK, port: int = 3000, *, ready: Callable[[str], None]) -> None:
    """Answer requests until Ctrl-C; `ready` is called with the URL once the model is loaded.

    `folder` is a Bento's, or one that was rendered. Port 0 takes a free one. Raises TargetError when the
    port cannot be had or the service does not start, SpecError when there is no service or no model.
    """
    read_manifest(source_of(folder))
    with closing(_listen(host, port)) as listening, _private_bentoml():
        url = _url(host, listening.getsockname()[1])
        server = _server(_asgi_app(folder), lambda: ready(url))
        with suppress(KeyboardInterrupt):  # uvicorn has ended cleanly and passes the signal on
            server.run(sockets=[listening])
        if not server.started:
            raise TargetError(f"the service in {folder} did not start", fix="read the log above")


def source_of(folder: Path) -> Path:
    """Return the folder that `service.py` is in: `src` of a Bento, or a rendered folder itself."""
    source = folder / "src" if (folder / "bento.yaml").is_file() else folder
    if not (source / "service.py").is_file():
        raise SpecError(f"{folder} is not the folder of a Bento: it has no service.py", fix="moorage model list")
    return source


def _server(app: Any, ready: Callable[[], None]) -> Any:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                ready()

    return Server(uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=10))


def _asgi_app(folder: Path) -> Any:
    import bentoml
    from bentoml.exceptions import BentoMLException

    try:
        service: Any = bentoml.load(str(folder.resolve()))
        return service.to_asgi()
    except BentoMLException as error:
        raise TargetError(str(error)) from error


@contextmanager
def _private_bentoml() -> Iterator[None]:
    # BentoML makes a folder in the user's home when it is imported, and reports what is served.
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    with tempfile.TemporaryDirectory(prefix="moorage-bentoml-") as home:
        os.environ.setdefault("BENTOML_HOME", home)
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", home)  # without one, /metrics is an error
        yield


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise SpecError(f"{port} is not a port", fix="choose one from 1 to 65535, or 0 for any free one")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        message = f"{_url(host, port)} cannot be listened on: {why}"
        raise TargetError(message, fix="choose another port, or --port 0 for any free one") from error


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
