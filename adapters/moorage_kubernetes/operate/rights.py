"""What whoever makes an environment must be allowed: to make each object, and to give drivers their Role. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from moorage_kubernetes.operate.asked import Asked
from moorage_kubernetes.role import rules
from moorage_kubernetes.target import KubernetesTarget

KUEUE = "kueue.x-k8s.io"
MONITORING = "monitoring.coreos.com"
RBAC = "rbac.authorization.k8s.io"
VERBS = ("get", "list", "watch", "create", "patch", "delete")
"""What Pulumi's provider does with an object in its life."""
SHOWN = 4
"""So many kinds of objects are named where rights to more are lacking."""


class Right(NamedTuple):
    """One thing to be allowed, as RBAC names it; no namespace means the whole cluster."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        kind = f"{self.resource}.{self.group}" if self.group else self.resource
        named = f" {self.name}" if self.name else ""
        return f"{self.verb} {kind}{named}{f' in {self.namespace}' if self.namespace else ''}".lstrip()


def lacking(rights: Iterable[Right]) -> str:
    """Return what follows `you may not`: the verbs of each kind of object, first the kinds that lack them all."""
    verbs: dict[Right, list[str]] = {}
    for right in rights:
        verbs.setdefault(right._replace(verb=""), []).append(right.verb)
    whole = [str(kind) for kind, each in verbs.items() if set(VERBS) <= set(each)]
    parts = [f"{', '.join(each)} {kind}" for kind, each in verbs.items() if not set(VERBS) <= set(each)]
    said = (f"see, make, change or remove {_listed(whole, ', ')}" if whole else "", _listed(parts, "; "))
    return "; nor ".join(filter(None, said))


def _listed(texts: list[str], between: str) -> str:
    more = f"{between}and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return between.join(texts[:SHOWN]) + more


def rights_to_make(asked: Asked) -> tuple[Right, ...]:
    """Return the rights to make, change and remove all that the stack has."""
    return tuple(Right(verb, *kind) for kind in kinds(asked) for verb in VERBS)


def rights_to_give(asked: Asked) -> tuple[Right, ...]:
    """Return what the driver's Role holds: nobody gives what he does not have, but for who may escalate and bind."""
    target = KubernetesTarget(
        namespace=asked.namespace, cpu=1, memory_gib=1, queue="steps", jobset=asked.jobset, secrets=asked.secrets
    )
    return tuple(
        Right(verb, rule.group, rule.resource, asked.namespace, name)
        for rule in rules(target)
        for verb in rule.verbs
        for name in rule.names or ("",)
    )


def kinds(asked: Asked) -> Iterator[tuple[str, str, str]]:
    """Yield group, plural and namespace of each kind of object that the stack has."""
    yield from (("", "namespaces", ""), ("scheduling.k8s.io", "priorityclasses", ""))
    yield from ((KUEUE, "clusterqueues", ""), (KUEUE, "resourceflavors", ""))
    space = asked.namespace
    for group, plural in (
        ("", "resourcequotas"), ("", "limitranges"), ("", "serviceaccounts"), (RBAC, "roles"), (RBAC, "rolebindings"),
        ("networking.k8s.io", "networkpolicies"), ("policy", "poddisruptionbudgets"), (KUEUE, "localqueues"),
    ):  # fmt: skip
        yield group, plural, space
    if asked.monitoring:
        yield MONITORING, "servicemonitors", space
        yield from ((MONITORING, "prometheusrules", space),) if asked.monitoring.rules else ()
        yield from (("", "configmaps", space),) if asked.monitoring.dashboard is not None else ()
    if asked.devices and asked.devices.device_class:
        yield "resource.k8s.io", "deviceclasses", ""
    if asked.devices and asked.devices.plugin:
        yield "apps", "daemonsets", f"{space}-devices"
        yield "networking.k8s.io", "networkpolicies", f"{space}-devices"
