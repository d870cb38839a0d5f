"""What a test may do to a node while it runs."""

from collections.abc import Callable
from typing import Any

from tests.rigs.kubernetes.node.agent import Agent


async def obey(agent: Agent, order: dict[str, Any]) -> dict[str, Any]:
    """Do what `order["do"]` says, and return `{}`, or `{"error": ...}` where that cannot be."""
    order = dict(order)
    name = order.pop("do")
    if name == "stop":
        await agent.stop()
        return {}
    try:
        ORDERS[name](agent, **order)
    except LookupError as error:
        return {"error": str(error.args[0])}
    return {}


def hold(agent: Agent) -> None:
    """Pods that come from now on wait before their first container."""
    agent.node.knobs.free.clear()


def release(agent: Agent) -> None:
    """They go on."""
    agent.node.knobs.free.set()


def break_images(agent: Agent, pattern: str) -> None:
    """Images whose names fit cannot be pulled."""
    agent.node.knobs.broken.add(pattern)


def mend_images(agent: Agent, pattern: str) -> None:
    """They can again."""
    agent.node.knobs.broken.discard(pattern)


def lose(agent: Agent) -> None:
    """The node neither beats nor reports nor hears; its pods run on."""
    agent.node.knobs.online.clear()


def recover(agent: Agent) -> None:
    """It does again, and catches up."""
    agent.node.knobs.online.set()
    agent.catch_up()


def evict(agent: Agent, namespace: str, pod: str, message: str) -> None:
    """The kubelet ends a pod because the node has too little of something."""
    agent.worker(namespace, pod).fail("Evicted", message, disrupted=True)


def exhaust(agent: Agent, namespace: str, pod: str, container: str) -> None:
    """A container is killed as if it had taken more memory than it may."""
    worker = agent.worker(namespace, pod)
    process = worker.cell.processes.get(container)
    if process is None or process.ended.is_set():
        raise LookupError(f'container "{container}" of pod "{namespace}/{pod}" does not run')
    worker.cell.hit.add(container)
    process.kill()


ORDERS: dict[str, Callable[..., None]] = {
    each.__name__: each for each in (hold, release, break_images, mend_images, lose, recover, evict, exhaust)
}
