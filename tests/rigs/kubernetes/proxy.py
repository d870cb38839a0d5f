"""An HTTPS proxy in front of an API server that does to each call what its faults say.

One connection is one request, answered by the server's own bytes as they come: watches, logs and upgraded
connections pass. The client's certificate ends here; the API server is told of its name and groups as by any
authenticating proxy, with the certificate of a front proxy.
"""

import asyncio
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from tests.rigs.kubernetes.faults import Action, Answer, Delay, Faults, Reset, Silence, call_of
from tests.rigs.kubernetes.pair import Pair

LIMIT_BYTES = 4 << 20
"""The longest head of a request, and the longest event of a watch; etcd takes no larger object."""

REASONS = {429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout", 409: "Conflict"}
NEVER_SENT = (b"connection", b"x-remote-user", b"x-remote-group")
"""Headers of a client that do not reach the server: connections are ours, and nobody says himself who he is."""

Header = tuple[bytes, bytes]
Pump = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]
"""Brings what comes from one side to the other, as far as it wants to."""


class Streams(NamedTuple):
    """Both directions of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass(frozen=True)
class Upstream:
    """The API server, and who the proxy is to it and to its clients."""

    port: int
    ca: Path
    server: Pair
    front_proxy: Pair

    def context(self, with_front_proxy: bool) -> ssl.SSLContext:
        """Return how the server is reached, as a front proxy or as nobody."""
        context = ssl.create_default_context(cafile=self.ca)
        if with_front_proxy:
            context.load_cert_chain(self.front_proxy.certificate, self.front_proxy.key)
        return context

    @property
    def address(self) -> tuple[str, int]:
        """Where the server listens."""
        return "127.0.0.1", self.port

    def own(self) -> ssl.SSLContext:
        """Return how clients reach the proxy: with a certificate, or without one and with a token."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.ca)
        context.load_cert_chain(self.server.certificate, self.server.key)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context


@dataclass(frozen=True)
class Request:
    """What a client has sent."""

    method: str
    target: str
    headers: Sequence[Header]
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """Return the value of a header."""
        return next((value for each, value in self.headers if each.lower() == name), None)

    def bytes(self, more: Sequence[Header]) -> bytes:
        """Return the request as it is sent on."""
        kept = [(name, value) for name, value in self.headers if name.lower() not in NEVER_SENT]
        connection = b"Upgrade" if self.header(b"upgrade") else b"close"
        lines = [b": ".join(header) for header in [*kept, *more, (b"Connection", connection)]]
        first = f"{self.method} {self.target} HTTP/1.1".encode()
        return b"\r\n".join([first, *lines, b"", self.body])


class Proxy:
    """A proxy that runs in a thread of its own until `close`."""

    def __init__(self, upstream: Upstream, faults: Faults) -> None:
        self._upstream, self._faults = upstream, faults
        self._contexts = {each: upstream.context(each) for each in (False, True)}
        started: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), daemon=True)
        self._thread.start()
        self.url = f"https://127.0.0.1:{started.result()}"

    def close(self) -> None:
        """Drop all connections; the thread is gone when this returns."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self, started: "Future[int]") -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._upstream.own(), limit=LIMIT_BYTES)
        started.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._handle(Streams(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, client: Streams) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                request = await _read(client.reader)
                await self._do(self._faults.meet(call_of(request.method, request.target)), request, client)
        finally:
            client.writer.transport.abort()

    async def _do(self, action: Action | None, request: Request, client: Streams) -> None:
        match action:
            case Answer(code, retry_after):
                client.writer.write(_status(code, retry_after))
                await _finish(client.writer)
            case Reset(after):
                if after:
                    await self._forward(request, client, None)
                _reset(client.writer)
            case Silence(events):
                if call_of(request.method, request.target).verb == "watch":
                    return await self._forward(request, client, partial(_pump_events, events))
                await client.reader.read()  # until the client gives up
            case Delay(seconds):
                await asyncio.sleep(seconds)
                await self._forward(request, client, _pump)
            case None:
                await self._forward(request, client, _pump)

    async def _forward(self, request: Request, client: Streams, answer: Pump | None) -> None:
        who = [] if request.header(b"authorization") else _identity(client.writer.get_extra_info("peercert"))
        try:
            server = Streams(
                *await asyncio.open_connection(
                    *self._upstream.address, ssl=self._contexts[bool(who)], limit=LIMIT_BYTES
                )
            )
        except OSError:  # it is away: what a client sees without us is a broken connection too
            return _reset(client.writer)
        try:
            server.writer.write(request.bytes(who))
            if answer is None:
                await server.reader.read()
            else:
                await _either(answer(server.reader, client.writer), _pump(client.reader, server.writer))
        finally:
            server.writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Request:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[:-2]
    method, target, _ = first.decode().split(" ")
    headers = [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    length = int(Request(method, target, headers, b"").header(b"content-length") or 0)
    return Request(method, target, headers, await reader.readexactly(length))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    await _finish(writer)


async def _pump_events(events: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write(head)
    if not head.startswith(b"HTTP/1.1 200 "):
        return await _pump(reader, writer)
    for _ in range(events):
        writer.write(await reader.readuntil(b"}\n"))
    await writer.drain()
    await asyncio.Event().wait()  # for ever; it is the client who gives up


async def _either(*pumps: Any) -> None:
    # Whoever of the two ends first has closed the connection.
    tasks = [asyncio.ensure_future(pump) for pump in pumps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _finish(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, ssl.SSLError):
        await writer.wait_closed()


def _reset(writer: asyncio.StreamWriter) -> None:
    # Without lingering, close(2) sends a reset instead of an end.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _status(code: int, retry_after_seconds: int) -> bytes:
    reason = REASONS.get(code, "")
    body = json.dumps({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code, "reason": reason,
        "message": f"the rig injects {code}",
    }).encode()  # fmt: skip
    again = f"Retry-After: {retry_after_seconds}\r\n" if code == HTTPStatus.TOO_MANY_REQUESTS else ""
    head = f"HTTP/1.1 {code} {HTTPStatus(code).phrase}\r\nContent-Type: application/json\r\n{again}"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def _identity(certificate: Any) -> list[Header]:
    if not certificate:
        return []
    subject = [pair for part in certificate["subject"] for pair in part]
    user = [(b"X-Remote-User", value.encode()) for name, value in subject if name == "commonName"]
    return user + [(b"X-Remote-Group", value.encode()) for name, value in subject if name == "organizationName"]
