"""The rules of the policy pack, as plain functions over what a program registers.

Of the standard library alone: the pack runs them in an environment of its own, in which nothing of ours is installed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PACKAGE = "kubernetes:"
LABELS = ("app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "moorage.dev/environment")
"""What every object says of itself."""
LEVEL = "pod-security.kubernetes.io/enforce"
PURPOSE = "moorage.dev/purpose"
"""The label of a namespace that steps do not run in."""
QUOTAS = ("requests.cpu", "requests.memory", "pods")
"""What the quota of every namespace bounds."""
ORDINARY = ("cpu", "memory", "pods", "ephemeral-storage")
"""Resources of which there is enough; the others are devices."""

Properties = Mapping[str, Any]
"""The properties of a resource, as the engine has them; what is not known yet is missing."""


@dataclass(frozen=True)
class Resource:
    """One resource of a stack."""

    type: str
    name: str
    properties: Properties

    @property
    def kind(self) -> str:
        """The kind, as the cluster calls it; empty for what is no object of a cluster."""
        return self.type.rpartition(":")[2] if self.type.startswith(PACKAGE) else ""

    @property
    def metadata(self) -> Properties:
        """Its metadata."""
        return _mapping(self.properties.get("metadata"))

    @property
    def labels(self) -> Properties:
        """Its labels."""
        return _mapping(self.metadata.get("labels"))


@dataclass(frozen=True)
class Rule:
    """Something that must hold of each resource: `check` yields what is wrong, and what to do."""

    name: str
    description: str
    check: Callable[[Resource], Iterator[str]]


@dataclass(frozen=True)
class StackRule:
    """Something that must hold of all resources together: `check` yields whose fault it is, and what is wrong."""

    name: str
    description: str
    check: Callable[[Sequence[Resource]], Iterator[tuple[Resource, str]]]


def no_wildcards(resource: Resource) -> Iterator[str]:
    """Roles name what they allow."""
    if resource.kind in ("Role", "ClusterRole"):
        for rule in _mappings(resource.properties.get("rules")):
            for field in ("verbs", "resources", "apiGroups"):
                if "*" in (rule.get(field) or ()):
                    yield f"it allows every one of `{field}`; name those that are used"


def no_privileges(resource: Resource) -> Iterator[str]:
    """No pod gets more than a user of its node has."""
    pod = _pod_of(resource)
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield f"its pods have `{field}`; leave that out"
    for container in _containers(pod):
        context, name = _mapping(container.get("securityContext")), container.get("name")
        if context.get("privileged") or context.get("allowPrivilegeEscalation"):
            yield f"its container {name!r} may become root of its node; set `allowPrivilegeEscalation: false`"
        if added := _mapping(context.get("capabilities")).get("add"):
            yield f"its container {name!r} has the capabilities {', '.join(map(str, added))}; leave them out"


def pinned_images(resource: Resource) -> Iterator[str]:
    """An image that is named by a tag may be another one tomorrow."""
    for container in _containers(_pod_of(resource)):
        if "@sha256:" not in str(container.get("image", "@sha256:")):
            yield f"its image {container['image']!r} is not named by digest; write image@sha256:..."


def pod_security(resource: Resource) -> Iterator[str]:
    """A namespace in which steps run refuses pods that ask for more than they need."""
    if resource.kind != "Namespace":
        return
    level = resource.labels.get(LEVEL)
    if level is None:
        yield f"it enforces no level of pod security; label it `{LEVEL}: restricted`"
    elif level != "restricted" and PURPOSE not in resource.labels:
        yield f"it enforces {level!r} only; label it `{LEVEL}: restricted`, or say with `{PURPOSE}` what it is for"


def labelled(resource: Resource) -> Iterator[str]:
    """Every object says whose it is."""
    if resource.kind and not resource.kind.endswith(("List", "Patch")):
        missing = [label for label in LABELS if label not in resource.labels]
        if missing:
            yield f"it lacks the labels {', '.join(missing)}; add them"


def no_tokens(resource: Resource) -> Iterator[str]:
    """A pod gets a token of the API server only when it asks for one."""
    if resource.kind == "ServiceAccount" and resource.properties.get("automountServiceAccountToken") is not False:
        yield "every pod of it gets a token; set `automountServiceAccountToken: false`"


def bounded_queues(resource: Resource) -> Iterator[str]:
    """A queue gives out so many GPUs and no more, its own or borrowed."""
    if resource.kind != "ClusterQueue":
        return
    spec = _mapping(resource.properties.get("spec"))
    for group in _mappings(spec.get("resourceGroups")):
        for flavour in _mappings(group.get("flavors")):
            for each in _mappings(flavour.get("resources")):
                where = f"`{each.get('name')}` of the flavour {flavour.get('name')!r}"
                if each.get("nominalQuota") is None:
                    yield f"{where} has no bound; give it a `nominalQuota`"
                elif each.get("name") not in ORDINARY and spec.get("cohort") and each.get("borrowingLimit") is None:
                    yield f"{where} may be borrowed without bound; give it a `borrowingLimit`"


def encrypted(resource: Resource) -> Iterator[str]:
    """What comes into the cluster, or is asked for, comes by TLS."""
    spec = _mapping(resource.properties.get("spec"))
    if resource.kind == "Ingress" and not spec.get("tls"):
        yield "it answers without TLS; give it `tls`"
    if resource.kind == "Gateway":
        for listener in _mappings(spec.get("listeners")):
            if listener.get("protocol") not in ("HTTPS", "TLS"):
                yield f"its listener {listener.get('name')!r} answers without TLS; make its protocol HTTPS"
    if resource.kind in ("ServiceMonitor", "PodMonitor"):
        for endpoint in _mappings(spec.get("endpoints") or spec.get("podMetricsEndpoints")):
            if _mapping(endpoint.get("tlsConfig")).get("insecureSkipVerify"):
                yield "it takes any certificate; leave `insecureSkipVerify` out, and name the authority with `ca`"


def bounded_namespaces(resources: Sequence[Resource]) -> Iterator[tuple[Resource, str]]:
    """Every namespace has a quota, of GPUs too where its queues give them out."""
    for namespace in _namespaces(resources):
        if PURPOSE in namespace.labels:
            continue
        found = [_mapping(_spec(each).get("hard")) for each in _within(namespace, resources, "ResourceQuota")]
        if not found:
            yield namespace, "it has no quota; add a ResourceQuota to it"
            continue
        bounded = {key for hard in found for key in hard}
        wanted = {*QUOTAS, *(f"requests.{device}" for device in _devices(resources))}
        if missing := sorted(wanted - bounded):
            yield namespace, f"its quota says nothing of {', '.join(missing)}; add them to `hard`"


def walled_namespaces(resources: Sequence[Resource]) -> Iterator[tuple[Resource, str]]:
    """Every namespace refuses all talk that no policy of its own allows."""
    for namespace in _namespaces(resources):
        policies = [_spec(each) for each in _within(namespace, resources, "NetworkPolicy")]
        if not any(_refuses_all(policy) for policy in policies):
            yield namespace, "it lets everybody talk; add a NetworkPolicy for all pods that allows nothing"


RULES = (
    Rule("no-wildcards", "Roles name what they allow.", no_wildcards),
    Rule("no-privileges", "No pod gets more than a user of its node has.", no_privileges),
    Rule("pinned-images", "Images are named by digest.", pinned_images),
    Rule("pod-security", "Namespaces of steps enforce the level `restricted`.", pod_security),
    Rule("labelled", "Every object says whose it is.", labelled),
    Rule("no-tokens", "Service accounts give tokens to nobody who does not ask.", no_tokens),
    Rule("bounded-queues", "Queues give out so many GPUs and no more.", bounded_queues),
    Rule("encrypted", "What comes into the cluster comes by TLS.", encrypted),
)
"""What must hold of each resource."""

STACK_RULES = (
    StackRule("bounded-namespaces", "Every namespace has a quota, GPUs included.", bounded_namespaces),
    StackRule("walled-namespaces", "Every namespace refuses all talk that is not allowed.", walled_namespaces),
)
"""What must hold of all resources together."""


def _pod_of(resource: Resource) -> Properties:
    spec = _mapping(resource.properties.get("spec"))
    if resource.kind == "Pod":
        return spec
    if resource.kind == "CronJob":
        spec = _mapping(_mapping(spec.get("jobTemplate")).get("spec"))
    return _mapping(_mapping(spec.get("template")).get("spec"))


def _containers(pod: Properties) -> Iterator[Properties]:
    for field in ("initContainers", "containers"):
        yield from _mappings(pod.get(field))


def _namespaces(resources: Iterable[Resource]) -> list[Resource]:
    return [each for each in resources if each.kind == "Namespace" and each.metadata.get("name")]


def _within(namespace: Resource, resources: Iterable[Resource], kind: str) -> list[Resource]:
    name = namespace.metadata["name"]
    return [each for each in resources if each.kind == kind and each.metadata.get("namespace") == name]


def _devices(resources: Iterable[Resource]) -> set[str]:
    groups = [group for each in resources if each.kind == "ClusterQueue"
              for group in _mappings(_spec(each).get("resourceGroups"))]  # fmt: skip
    return {name for group in groups for name in group.get("coveredResources") or () if name not in ORDINARY}


def _refuses_all(spec: Properties) -> bool:
    selector = _mapping(spec.get("podSelector"))
    for_all = not selector.get("matchLabels") and not selector.get("matchExpressions")
    allows = spec.get("ingress") or spec.get("egress")
    return for_all and not allows and {"Ingress", "Egress"} <= set(spec.get("policyTypes") or ())


def _spec(resource: Resource) -> Properties:
    return _mapping(resource.properties.get("spec"))


def _mapping(value: object) -> Properties:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> list[Properties]:
    # The engine's lists are no `list`: they tell when something in them is not known yet.
    if isinstance(value, str) or not isinstance(value, Sequence):
        return []
    return [each for each in value if isinstance(each, Mapping)]
