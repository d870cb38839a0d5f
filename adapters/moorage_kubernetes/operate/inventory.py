"""What is in the namespaces of a stack: what a creation has left, and what no stack declares."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from moorage.errors import Unsupported
from moorage.operations import Declared, Undeclared
from moorage_kubernetes.names import PREFIX, label_key
from moorage_kubernetes.operate.asked import Asked
from moorage_kubernetes.operate.cluster import Body, Cluster, root
from moorage_kubernetes.operate.grants import BINDING, RBAC, ROLE, means, reaches

DEFAULTS = {("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")}
"""Kind and name of what Kubernetes itself puts into every namespace."""


ENVIRONMENT = label_key("moorage-environment")
"""The label of all that a stack makes."""


class Kind(NamedTuple):
    """A kind of object: its API version, and what it is called."""

    api: str
    name: str


class Place(NamedTuple):
    """Where one object is."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def find(asked: Asked, resource: Declared) -> str | None:
    """Return the provider's id of an object that is there under the name that it was to have; None where there is none.

    Raises Unsupported for what has no name of its own, and for an object that Pulumi never wrote to: it is somebody's.
    """
    kind, metadata = kind_of(resource), resource.inputs.get("metadata") or {}
    name = metadata.get("name")
    if kind is None or not isinstance(name, str):
        raise Unsupported("it has no name by which it could be looked for")
    cluster = Cluster(asked)
    if (known := cluster.resources(kind.api).get(kind.name)) is None:
        return None
    plural, namespaced = known
    namespace = str(metadata.get("namespace") or "default") if namespaced else ""
    there = cluster.get(f"{_collection(kind.api, plural, namespace)}/{name}")
    if there is None:
        return None
    writers = [str(each.get("manager")) for each in there["metadata"].get("managedFields") or ()]
    if not any(writer.startswith("pulumi") for writer in writers):
        raise Unsupported(f"there is one, made by {', '.join(writers) or 'nobody knows whom'}")
    return f"{namespace}/{name}" if namespace else name


def undeclared(asked: Asked, own: Sequence[Declared], others: Sequence[Declared]) -> Iterator[Undeclared]:
    """Yield the objects that no stack declares, of the kinds that this one has, and the grants.

    What a controller made for another object, what moorage's own jobs and deployments are, and what Kubernetes puts
    into every namespace, is none of them. Of kinds that are in no namespace, those count that carry the environment's
    label.
    """
    cluster, spaces = Cluster(asked), namespaces(own)
    known = {place for each in (*own, *others) if (place := place_of(each))}
    for kind in sorted({kind for each in own if (kind := kind_of(each))} | {ROLE_KIND, BINDING_KIND}):
        for space, body in _there(cluster, kind, spaces, _marks(own)):
            place = Place(kind.name, space, body["metadata"]["name"])
            if place not in known:
                yield Undeclared(str(place), means(body) if kind == BINDING_KIND else "no stack declares it")
    yield from _cluster_wide(cluster, spaces, known)


def namespaces(own: Iterable[Declared]) -> frozenset[str]:
    """Return the namespaces that a stack has."""
    places = (place_of(each) for each in own)
    return frozenset(place.name for place in places if place and place.kind == "Namespace")


def kind_of(resource: Declared) -> Kind | None:
    """Return the kind of a resource; None for what is no object of a cluster."""
    package, _, rest = resource.type.partition(":")
    api, kind = resource.inputs.get("apiVersion"), resource.inputs.get("kind")
    if package != "kubernetes" or not isinstance(api, str) or not isinstance(kind, str) or not rest:
        return None
    return Kind(api, kind)


def place_of(resource: Declared) -> Place | None:
    """Return where a resource is; None for what is no object of a cluster."""
    kind = kind_of(resource)
    namespace, _, name = resource.id.rpartition("/")
    return Place(kind.name, namespace, name) if kind and name else None


ROLE_KIND, BINDING_KIND = Kind(RBAC, ROLE), Kind(RBAC, BINDING)


def _there(cluster: Cluster, kind: Kind, spaces: frozenset[str], marks: frozenset[str]) -> Iterator[tuple[str, Body]]:
    plural, namespaced = cluster.resources(kind.api).get(kind.name, ("", True))
    for space in sorted(spaces) if plural and namespaced else ():
        yield from ((space, body) for body in _objects(cluster, _collection(kind.api, plural, space), kind))
    for mark in () if namespaced else sorted(marks):
        path, selector = _collection(kind.api, plural, ""), f"{ENVIRONMENT}={mark}"
        yield from (("", body) for body in cluster.list(path, metadata_only=True, labelSelector=selector))


def _marks(own: Iterable[Declared]) -> frozenset[str]:
    labels = ((each.inputs.get("metadata") or {}).get("labels") or {} for each in own if kind_of(each))
    return frozenset(str(each[ENVIRONMENT]) for each in labels if ENVIRONMENT in each)


def _objects(cluster: Cluster, path: str, kind: Kind) -> Iterator[Body]:
    is_grant = kind in (ROLE_KIND, BINDING_KIND)
    for body in cluster.list(path, metadata_only=kind != BINDING_KIND):
        metadata = body["metadata"]
        made = metadata.get("ownerReferences") or (kind.name, metadata["name"]) in DEFAULTS
        # Nobody hides a grant behind a label.
        if is_grant or not (made or metadata.get("deletionTimestamp") or _is_adapters(metadata.get("labels") or {})):
            yield body


def _is_adapters(labels: Mapping[str, str]) -> bool:
    ours = any(key.startswith(PREFIX) for key in labels)
    return ours and labels.get("app.kubernetes.io/managed-by") != "pulumi"


def _cluster_wide(cluster: Cluster, spaces: frozenset[str], known: set[Place]) -> Iterator[Undeclared]:
    for body in cluster.list(f"{root(RBAC)}/clusterrolebindings"):
        place = Place("ClusterRoleBinding", "", body["metadata"]["name"])
        if place not in known and reaches(body, spaces):
            yield Undeclared(str(place), f"{means(body)}, in every namespace")


def _collection(api: str, plural: str, namespace: str) -> str:
    return f"{root(api)}/namespaces/{namespace}/{plural}" if namespace else f"{root(api)}/{plural}"
