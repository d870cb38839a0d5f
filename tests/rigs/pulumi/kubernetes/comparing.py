"""What differs between an object as it is and as the program wants it, in paths that the engine can show."""

import base64
import re
from collections.abc import Iterator
from typing import Any

from tests.rigs.pulumi.provider import Change
from tests.rigs.pulumi.values import UNKNOWN

ABSENT = object()
NEEDS_BRACKETS = re.compile(r'[."\[\]]')
READ_ONLY = (
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
    "resourceVersion", "selfLink", "uid",
)  # fmt: skip

_WORKLOAD = ("spec.selector",)
FORCE_NEW: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "ConfigMap"): ("binaryData", "data"),
    ("", "PersistentVolumeClaim"): ("spec",),
    ("", "Pod"): ("spec",),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("data", "stringData", "type"),
    ("", "Service"): ("spec.clusterIP",),
    ("apps", "DaemonSet"): _WORKLOAD,
    ("apps", "Deployment"): _WORKLOAD,
    ("apps", "StatefulSet"): (
        *_WORKLOAD, "spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): (*_WORKLOAD, "spec.completions", "spec.parallelism", "spec.template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
}  # fmt: skip
"""What the real provider answers with a new object. Another immutable field is the server's to refuse, as there."""
IDENTITY = ("metadata.name", "metadata.namespace")
MUTABLE_POD = ("spec.activeDeadlineSeconds", "spec.tolerations")


def shaped_like(live: Any, wanted: Any) -> Any:
    """Return of a live value what the program has a say in: the keys and elements of its own inputs."""
    if isinstance(live, dict) and isinstance(wanted, dict):
        return {name: shaped_like(live[name], part) for name, part in wanted.items() if name in live}
    if isinstance(live, list) and isinstance(wanted, list):
        return [shaped_like(have, want) for have, want in zip(live, wanted, strict=False)]
    return live


def placed(have: dict[str, Any], live: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return what there is with its name and namespace, if the program says these now and did not before."""
    if not isinstance(metadata := new.get("metadata"), dict):
        return have
    place = {key: live["metadata"][key] for key in ("name", "namespace") if key in metadata and key in live["metadata"]}
    return {**have, "metadata": {**have.get("metadata", {}), **place}}


def normal(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs as they would be read back: no read-only metadata, a secret's text as its data."""
    metadata = inputs.get("metadata")
    result = dict(inputs)
    if isinstance(metadata, dict):
        result["metadata"] = {name: part for name, part in metadata.items() if name not in READ_ONLY}
    text = result.get("stringData")
    if inputs.get("kind") == "Secret" and inputs.get("apiVersion") == "v1" and isinstance(text, dict):
        del result["stringData"]
        result["data"] = {**(result.get("data") or {}), **{name: _encoded(part) for name, part in text.items()}}
    return result


def changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Change]:
    """Return what differs, by path, the deepest that says it all."""
    return dict(_changes("", old, new))


def forced(api_version: str, kind: str, paths: set[str], mutable: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return those of the paths that need a new object; `mutable` are kinds whose content may change in place."""
    group = api_version.partition("/")[0] if "/" in api_version else ""
    fixed = IDENTITY + (() if kind in mutable else FORCE_NEW.get((group, kind), ()))
    free = MUTABLE_POD if kind == "Pod" else ()
    return frozenset(path for path in paths if _is_at(path, fixed) and not _is_at(path, free))


def _is_at(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith((f"{place}.", f"{place}[")) for place in places)


def _changes(path: str, old: Any, new: Any) -> Iterator[tuple[str, Change]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from _changes(_below(path, name), old.get(name, ABSENT), new.get(name, ABSENT))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            here = f"{path}[{index}]"
            yield from _changes(here, _at(old, index), _at(new, index))
    elif old is ABSENT:
        yield path, Change.ADD
    elif new is ABSENT:
        yield path, Change.DELETE
    elif new is UNKNOWN or old != new:
        yield path, Change.UPDATE


def _at(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else ABSENT


def _below(path: str, name: str) -> str:
    if NEEDS_BRACKETS.search(name):
        quoted = name.replace('"', '\\"')
        return f'{path}["{quoted}"]'
    return f"{path}.{name}" if path else name


def _encoded(text: Any) -> Any:
    return base64.b64encode(text.encode()).decode() if isinstance(text, str) else text
