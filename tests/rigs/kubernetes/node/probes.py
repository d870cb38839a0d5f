"""Probes of a running container: startup first, then liveness and readiness beside each other."""

import asyncio
import http.client
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.rigs.kubernetes.node.addresses import reachable

Named = Mapping[str, Any]


@dataclass(frozen=True)
class Probed:
    """What is probed: the container's ports by name, its address, how to run a command in it, and the pace."""

    ports: Mapping[str, int]
    address: str
    run: Callable[[list[str]], Awaitable[int]]
    second: float


@dataclass(frozen=True)
class Hearer:
    """Who is told: that the container has started and is ready or not, and that it has to be killed and why."""

    says: Callable[[bool, bool], None]
    kills: Callable[[str], None]


async def watch(container: Named, probed: Probed, hearer: Hearer) -> None:
    """Probe until cancelled."""
    startup, readiness = container.get("startupProbe"), container.get("readinessProbe")
    if startup:
        hearer.says(False, False)
        if not await _until(startup, probed, good=True, bounded=True):
            hearer.kills(f"Container {container['name']} failed startup probe, will be restarted")
            return
    hearer.says(True, readiness is None)
    async with asyncio.TaskGroup() as group:
        if readiness:
            group.create_task(_readiness(readiness, probed, hearer))
        if liveness := container.get("livenessProbe"):
            group.create_task(_liveness(container["name"], liveness, probed, hearer))


async def _readiness(probe: Named, probed: Probed, hearer: Hearer) -> None:
    ready = False
    while await _until(probe, probed, good=not ready):
        ready = not ready
        hearer.says(True, ready)


async def _liveness(name: str, probe: Named, probed: Probed, hearer: Hearer) -> None:
    if await _until(probe, probed, good=False):
        hearer.kills(f"Container {name} failed liveness probe, will be restarted")


async def _until(probe: Named, probed: Probed, good: bool, bounded: bool = False) -> bool:
    """Return True when the probe was `good` as often in a row as its threshold says.

    Where the wait is `bounded`, False comes back when it was the contrary as often as that may be.
    """
    thresholds = {True: probe.get("successThreshold", 1), False: probe.get("failureThreshold", 3)}
    row, before = 0, None
    await asyncio.sleep(probe.get("initialDelaySeconds", 0) * probed.second)
    while True:
        now = await once(probe, probed)
        row = row + 1 if now is before else 1
        before = now
        if now is good and row >= thresholds[good]:
            return True
        if bounded and now is not good and row >= thresholds[not good]:
            return False
        await asyncio.sleep(probe.get("periodSeconds", 10) * probed.second)


async def once(probe: Named, probed: Probed) -> bool:
    """Return whether one probe succeeds; a kind that this node does not have never does."""
    seconds = float(probe.get("timeoutSeconds", 1))
    if command := probe.get("exec"):
        with suppress(TimeoutError):
            return await asyncio.wait_for(probed.run(command["command"]), seconds) == 0
        return False
    if get := probe.get("httpGet"):
        return await asyncio.to_thread(_http, get, probed, seconds)
    if tcp := probe.get("tcpSocket"):
        return await asyncio.to_thread(_tcp, tcp, probed, seconds)
    return False


def _http(get: Named, probed: Probed, seconds: float) -> bool:
    host, port = _where(get, probed)
    if get.get("scheme", "HTTP") == "HTTPS":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)  # type: ignore[assignment]
    headers = {"User-Agent": "kube-probe/1.36", "Connection": "close"}
    headers |= {each["name"]: each["value"] for each in get.get("httpHeaders", ())}
    try:
        connection.request("GET", get.get("path") or "/", headers=headers)
        return 200 <= connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tcp(tcp: Named, probed: Probed, seconds: float) -> bool:
    try:
        with socket.create_connection(_where(tcp, probed), seconds):
            return True
    except OSError:
        return False


def _where(probe: Named, probed: Probed) -> tuple[str, int]:
    port = probe["port"]
    number = port if isinstance(port, int) else probed.ports.get(port, 0)
    return reachable(probe.get("host") or probed.address), number
