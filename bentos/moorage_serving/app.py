"""The ASGI application that every Bento mounts: the contract on every request, then the model.

BentoML's own endpoints are not used: they take text for numbers and answer 500 to a ragged row.
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from moorage.errors import MoorageError
from moorage_serving.bodies import read_body, records_from
from moorage_serving.describe import json_schema
from moorage_serving.edge import Edge
from moorage_serving.home import Home, Load, load_joblib, open_home
from moorage_serving.limits import Gate, limits_from
from moorage_serving.page import about, html_page
from moorage_serving.problems import Refused, json_response, problem

Predict = Callable[[Any, NDArray[Any]], Any]
"""Takes the model and the rows, an array of shape (rows, columns) in the contract's order, with NaN or None
for a missing value; returns one prediction per row that JSON can say."""

_log = logging.getLogger("moorage.serving")


def application(
    file: str, predict: Predict, *, without: tuple[str, ...] = (), about: str = "", load: Load = load_joblib
) -> Starlette:
    """Return the application of the service in `file`: pass `__file__`.

    `without` names the columns of the table that a request does not have, such as the label.
    Everything that was packaged is checked here; the model is loaded when the server starts.
    Raises BentoMLException, which BentoML shows as one sentence, when something is not as it was packaged.
    """
    try:
        service = _Service(open_home(Path(file).parent, without), predict, about, load)
    except MoorageError as error:
        from bentoml.exceptions import BentoMLException

        raise BentoMLException(str(error)) from error
    return service.starlette()


@dataclass
class _Loaded:
    model: Any = None
    ready: bool = False


class _Service:
    def __init__(self, home: Home, predict: Predict, about: str, load: Load) -> None:
        self._home, self._predict, self._about, self._load = home, predict, about, load
        self._edge = Edge(home.contract)
        self._limits = limits_from()
        self._gate = Gate(self._limits.concurrency)
        self._loaded = _Loaded()

    def starlette(self) -> Starlette:
        routes = [
            Route("/", self._index),
            Route("/predict", self._answer, methods=["POST"]),
            Route("/invocations", self._answer, methods=["POST"]),
            Route("/livez", self._alive),
            Route("/readyz", self._ready),
            Route("/contract", self._contract),
        ]
        handlers: dict[Any, Any] = {Refused: _refused, HTTPException: _http}
        return Starlette(routes=routes, exception_handlers=handlers, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._loaded = _Loaded(self._home.model(self._load), ready=True)
        yield
        self._loaded = _Loaded()

    async def _answer(self, request: Request) -> Response:
        # A slow sender holds no place: only work does.
        body = await read_body(request, self._limits.body_bytes)
        if not self._loaded.ready:
            raise _not_ready()
        with self._gate.enter():
            return await run_in_threadpool(self._predicted, body)

    def _predicted(self, body: bytes) -> Response:
        rows = self._edge.rows(records_from(body))
        try:
            predictions = _plain(self._predict(self._loaded.model, rows))
            if len(predictions) != len(rows):
                raise ValueError(f"predict returned {len(predictions)} predictions for {len(rows)} rows")
            return json_response({"predictions": predictions}, headers={"X-Model-Version": self._home.manifest.tag})
        except Exception as error:  # the service's own code may raise anything; its text may hold the data
            _log.exception("the model failed on a request that keeps the contract")
            raise Refused(500, "Internal Server Error", "the model failed; the server's log says why") from error

    async def _index(self, request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(html_page(self._home, self._about, str(request.base_url)))
        return json_response(about(self._home, self._about))

    async def _contract(self, _: Request) -> Response:
        schema = json_schema(self._home.contract, self._home.manifest.name)
        return json_response(schema, media_type="application/schema+json")

    async def _alive(self, _: Request) -> Response:
        return json_response({"live": True})

    async def _ready(self, _: Request) -> Response:
        if not self._loaded.ready:
            raise _not_ready()
        return json_response({"ready": True, "version": self._home.manifest.tag})


def _not_ready() -> Refused:
    return Refused(503, "Service Unavailable", "the model is not loaded yet; try again", headers={"Retry-After": "1"})


def _plain(predictions: Any) -> list[Any]:
    return list(predictions.tolist() if hasattr(predictions, "tolist") else predictions)


async def _refused(_: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return problem(refused)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    allowed = (error.headers or {}).get("Allow")
    detail = f"{request.method} is not answered here; use {allowed}" if allowed else f"nothing is at {request.url.path}"
    return problem(Refused(error.status_code, error.detail, detail, headers=error.headers))
