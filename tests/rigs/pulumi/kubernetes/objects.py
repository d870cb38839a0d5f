"""What the provider makes of a program's inputs, and of what the server sent: names, secrets, the state it keeps."""

import hashlib
import uuid
from typing import Any

from tests.rigs.kubernetes.api import Object
from tests.rigs.pulumi.kubernetes.comparing import READ_ONLY
from tests.rigs.pulumi.provider import ProviderError, Resource
from tests.rigs.pulumi.values import UNKNOWN, Properties, Secret, hidden_like, plain

AUTONAMED = "pulumi.com/autonamed"
PATCH_FORCE = "pulumi.com/patchForce"
PATCH_MANAGER = "pulumi.com/patchFieldManager"
PROPAGATION = "pulumi.com/deletionPropagationPolicy"
SKIP_AWAIT = "pulumi.com/skipAwait"
TIMEOUT = "pulumi.com/timeoutSeconds"

INPUTS, MANAGER, FIRST_VERSION = "__inputs", "__fieldManager", "__initialApiVersion"
# The API server or kubectl put these there; no program did.
FOREIGN = ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration")


def type_of(resource: Resource) -> tuple[str, str]:
    """Return `apiVersion` and `kind` of a type token: `kubernetes:apps/v1:Deployment`."""
    _, version, kind = resource.type.split(":")
    return version.removeprefix("core/"), kind.removesuffix("Patch") if is_patch(resource) else kind


def is_patch(resource: Resource) -> bool:
    """Whether the program manages some fields of somebody else's object."""
    return resource.type.endswith("Patch")


def annotation(inputs: Properties, name: str) -> str:
    """Return an annotation, or the empty string."""
    metadata = plain(inputs.get("metadata"))
    found = (metadata.get("annotations") or {}).get(name, "") if isinstance(metadata, dict) else ""
    return found if isinstance(found, str) else ""


def named(resource: Resource, inputs: Properties, olds: Properties, seed: bytes) -> Properties:
    """Return the inputs with a name: the program's, the one it has, or a new one made from the resource's."""
    metadata = inputs.get("metadata") or {}
    if metadata is UNKNOWN or metadata.get("name"):
        return inputs
    if is_patch(resource):
        raise ProviderError("a Patch resource needs `metadata.name`: the name of the object that is there")
    if metadata.get("generateName"):
        raise ProviderError("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
    old = plain(olds.get("metadata")) or {}
    kept = old.get("name") if annotation(olds, AUTONAMED) == "true" else None
    name = kept or f"{resource.name}-{hashlib.sha256(seed or uuid.uuid4().bytes).hexdigest()[:8]}"
    annotations = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}
    return {**inputs, "metadata": {**metadata, "name": name, "annotations": annotations}}


def hidden(object: Properties, inputs: Properties) -> Properties:
    """Return the object with all secret that the inputs hide, and whatever a Secret holds."""
    result = hidden_like(object, inputs)
    if object.get("kind") != "Secret":
        return dict(result)
    kept = {name: Secret(plain(object[name])) for name in ("data", "stringData") if object.get(name) is not None}
    return {**result, **kept}


def state_of(live: Object, inputs: Properties, manager: str) -> Properties:
    """Return what is kept of an object: what the server said, and how it was asked."""
    metadata = {name: part for name, part in live["metadata"].items() if name != "managedFields"}
    kept = hidden(_spelled({**live, "metadata": metadata}, "-", "_"), inputs)
    return {**kept, INPUTS: hidden(inputs, inputs), FIRST_VERSION: live["apiVersion"], MANAGER: manager}


def wanted(inputs: Properties) -> Object:
    """Return the object that the inputs ask the server for."""
    asked: Object = _spelled(plain(inputs), "_", "-")
    return asked


def live_of(state: Properties) -> Object:
    """Return the object that a state keeps."""
    return {name: part for name, part in wanted(state).items() if not name.startswith("__")}


def manager_of(state: Properties, inputs: Properties) -> str:
    """Return the name that owns the fields: the program's, the one it has, or a new one for this resource alone."""
    kept = plain(state.get(MANAGER))
    return annotation(inputs, PATCH_MANAGER) or kept or f"pulumi-kubernetes-{uuid.uuid4().hex[:8]}"


def inputs_of(live: Object) -> Properties:
    """Return the inputs that an object could have been made from, for a program that imports it."""
    metadata = {name: part for name, part in live["metadata"].items() if name not in READ_ONLY}
    if annotations := metadata.get("annotations"):
        metadata["annotations"] = {name: text for name, text in annotations.items() if name not in FOREIGN}
    return hidden({**{name: part for name, part in live.items() if name != "status"}, "metadata": metadata}, {})


def id_of(live: Object) -> str:
    """Return `namespace/name`, or the name of what is in no namespace."""
    metadata = live["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])


def _spelled(value: Any, old: str, new: str) -> Any:
    # Python's SDK cannot name a field `x-kubernetes-...`, so definitions of resources have it with underscores.
    if isinstance(value, list):
        return [_spelled(part, old, new) for part in value]
    if not isinstance(value, dict):
        return value
    special = f"x{old}kubernetes{old}"
    return {
        (name.replace(old, new) if name.startswith(special) else name): _spelled(part, old, new)
        for name, part in value.items()
    }
