"""Nodes that join a control plane of the rig, each as who a node is to Kubernetes."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.rigs.kubernetes.api import Refused
from tests.rigs.kubernetes.node.identity import NODES
from tests.rigs.kubernetes.node.running import RunningNode
from tests.rigs.kubernetes.node.settings import QUICK, Settings
from tests.rigs.kubernetes.plane import Plane


@contextmanager
def join(plane: Plane, name: str, **settings: Any) -> Iterator[RunningNode]:
    """Yield a node that pods can be scheduled to; with the node, its pods' processes and its Node object go.

    `settings` are those of `Settings`; the pace is quick where nothing else is said.
    """
    pair = plane.authority.server(f"kubelet-{name}")
    usual = {
        "kubeconfig": str(plane.user(f"system:node:{name}", ["system:nodes"])),
        "names_kubeconfig": str(plane.user("system:kube-proxy")),
        "serving": (str(pair.certificate), str(pair.key)),
        "folder": str(plane.folder / "nodes" / name),
        "pace": QUICK,
    }
    with RunningNode(Settings(name=name, **{**usual, **settings})) as node:
        try:
            plane.client().until(f"{NODES}/{name}", _schedulable)
            yield node
        finally:
            node.close()
            with suppress(Refused):
                plane.client().delete(f"{NODES}/{name}")


def _schedulable(node: Any) -> bool:
    # The node life cycle controller takes its own taint away when it has seen the node be ready.
    return not any(taint["key"] == "node.kubernetes.io/not-ready" for taint in node["spec"].get("taints", ()))
