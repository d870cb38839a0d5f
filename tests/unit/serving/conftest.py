"""A small service: two numbers and a colour in, their weighted sum out."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pytest
from starlette.applications import Starlette

from moorage.contracts.compiled import Check, Column, Contract, contract_to_json
from moorage_serving.app import application
from moorage_serving.render import render

CONTRACT = Contract(
    name="Things",
    reference="things.contracts:Things",
    columns=(
        Column("width", "float64", checks=(Check.of("gt", 0), Check.of("le", 10))),
        Column("height", "float64", nullable=True),
        Column("colour", "string", checks=(Check.of("isin", "red", "green"),)),
        Column("label", "bool"),
    ),
    strict=True,
)
SERVICE = '''
import bentoml
from moorage_serving.app import application


def predict(model, rows):
    return [0 if height is None else model["weight"] * (width + height) for width, height, _ in rows]


app = application(__file__, predict, without=("label",), about="It adds up.")


@bentoml.service(name="things")
@bentoml.asgi_app(app, path="/")
class Things:
    """It adds up."""
'''
GOOD = {"width": 1, "height": 2.5, "colour": "red"}
"""A record that satisfies the contract."""


@dataclass(frozen=True)
class Answer:
    """What came back; `body` is parsed where it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Client:
    """Calls an ASGI application in this thread, with no socket in between."""

    def __init__(self, app: Starlette) -> None:
        self._app, self._loop = app, asyncio.new_event_loop()
        self._lifespan = app.router.lifespan_context(app)

    def __enter__(self) -> "Client":
        self._loop.run_until_complete(self._lifespan.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._lifespan.__aexit__(None, None, None))
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def ask(self, value: object, path: str = "/predict") -> Answer:
        return self.send("POST", path, json.dumps(value).encode())

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        return self._loop.run_until_complete(self._send(method, path, [body], headers))

    def ask_while(self, started: threading.Event, release: threading.Event, value: object) -> tuple[Answer, Answer]:
        """Ask, ask again once `started` is set, set `release`, and return both answers."""
        body = [json.dumps(value).encode()]

        async def both() -> tuple[Answer, Answer]:
            first = asyncio.create_task(self._send("POST", "/predict", body, {}))
            await asyncio.to_thread(started.wait, 10)
            second = await self._send("POST", "/predict", body, {})
            release.set()
            return await first, second

        return self._loop.run_until_complete(both())

    def send_parts(self, parts: list[bytes]) -> Answer:
        return self._loop.run_until_complete(self._send("POST", "/predict", parts, {}))

    async def _send(self, method: str, path: str, parts: list[bytes], given: Mapping[str, str]) -> Answer:
        headers = {"content-type": "application/json", "host": "here"} | {
            name.replace("_", "-"): value for name, value in given.items()
        }
        scope = {
            "type": "http", "method": method, "path": path, "root_path": "", "query_string": b"", "scheme": "http",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value],
        }  # fmt: skip
        last = len(parts) - 1
        messages = iter(
            {"type": "http.request", "body": part, "more_body": place < last} for place, part in enumerate(parts)
        )
        sent: list[Any] = []

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        text = b"".join(message.get("body", b"") for message in sent[1:])
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        is_json = "json" in answered.get("content-type", "")
        return Answer(sent[0]["status"], answered, json.loads(text) if is_json else text.decode())


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """Return the folder of the service as its author has it: no model yet."""
    folder = tmp_path / "things"
    folder.mkdir()
    (folder / "service.py").write_text(SERVICE)
    (folder / "bentofile.yaml").write_text(
        "service: 'service:Things'\npython: {requirements_txt: requirements.txt, lock_packages: false}\n"
    )
    (folder / "requirements.in").write_text("numpy  # arrays\n")
    return folder


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return a folder with what a pipeline made: `model.joblib` and `contract.json`."""
    folder = tmp_path / "made"
    folder.mkdir()
    joblib.dump({"weight": 2}, folder / "model.joblib")
    (folder / "contract.json").write_bytes(contract_to_json(CONTRACT))
    return folder


@pytest.fixture
def rendered(context: Path, made: Path, tmp_path: Path) -> Path:
    """Return a complete build folder."""
    to = tmp_path / "rendered"
    render(context, to, name="things", model=made / "model.joblib", contract=made / "contract.json")
    return to


@pytest.fixture
def client(rendered: Path) -> Iterator[Client]:
    """Return the service's application, started."""
    with Client(app_of(rendered)) as started:
        yield started


def app_of(folder: Path, **more: Any) -> Starlette:
    """Return the application of a rendered folder, as its service.py makes it."""

    def predict(model: dict[str, float], rows: Any) -> list[float]:
        return [0 if height is None else model["weight"] * (width + height) for width, height, _ in rows]

    options: dict[str, Any] = {"predict": predict, "without": ("label",), "about": "It adds up."}
    return application(str(folder / "service.py"), **options | more)
