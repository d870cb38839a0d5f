"""`python -m tests.rigs.kubernetes.node SETTINGS`: one node, told what to do by lines of JSON, gone with whoever tells.

It says `{"ready": PORT}`, and then answers each line. When its input ends, it dies, and the kernel kills its pods.
"""

import asyncio
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.rigs.kubernetes.node.agent import Agent
from tests.rigs.kubernetes.node.api import ApiServer, access
from tests.rigs.kubernetes.node.context import Node
from tests.rigs.kubernetes.node.isolation import found
from tests.rigs.kubernetes.node.orders import obey
from tests.rigs.kubernetes.node.settings import Settings

THREADS = 64
"""Enough that probes which hang do not hold up what is said to the API server."""


async def serve(settings: Settings) -> None:
    """Be the node until the input ends."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS))
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    isolation = await asyncio.to_thread(found) if settings.isolation == "auto" else settings.isolation
    agent = Agent(Node(settings, ApiServer(access(Path(settings.kubeconfig))), isolation))
    await agent.start()
    _say({"ready": agent.kubelet.port, "isolation": isolation})
    while line := await orders.readline():
        _say(await obey(agent, json.loads(line)))


def _say(answer: dict[str, Any]) -> None:
    with suppress(BrokenPipeError):  # its end comes through the input
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(Settings.model_validate_json(Path(sys.argv[1]).read_text())))
    os._exit(0)  # threads that wait for the API server would wait on
