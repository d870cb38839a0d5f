"""What a container may be told of its pod: the downward API's fields and resources. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.rigs.kubernetes.node.quantity import divided

_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


@dataclass(frozen=True)
class Place:
    """Where a pod is: its node, what that has to give, and the addresses of both."""

    node: str
    allocatable: Mapping[str, str]
    pod_address: str
    node_address: str = "127.0.0.1"


def field(pod: Mapping[str, Any], path: str, place: Place) -> str:
    """Return the text of a `fieldPath`; LookupError where there is no such field."""
    meta, spec = pod["metadata"], pod["spec"]
    if found := _SUBSCRIPT.fullmatch(path):
        return str(meta.get(found[1], {}).get(found[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        entries = meta.get(path.removeprefix("metadata."), {})
        return "\n".join(f"{key}={_quoted(entries[key])}" for key in sorted(entries))
    known = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta["namespace"],
        "metadata.uid": meta["uid"],
        "spec.nodeName": place.node,
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.hostIP": place.node_address,
        "status.hostIPs": place.node_address,
        "status.podIP": place.pod_address,
        "status.podIPs": place.pod_address,
    }
    if path not in known:
        raise LookupError(f"unsupported fieldPath: {path}")
    return str(known[path])


def resource(pod: Mapping[str, Any], reference: Mapping[str, Any], container: str, place: Place) -> str:
    """Return the number of a `resourceFieldRef`; a limit that is not set is what the node has to give."""
    name = reference.get("containerName") or container
    spec = pod["spec"]
    named = next(each for each in [*spec.get("initContainers", []), *spec["containers"]] if each["name"] == name)
    kind, _, what = reference["resource"].partition(".")
    asked = named.get("resources", {}).get(kind, {}).get(what)
    if asked is None:
        asked = place.allocatable.get(what, "0") if kind == "limits" else "0"
    return divided(str(asked), str(reference.get("divisor") or "0"))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
