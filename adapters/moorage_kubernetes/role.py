"""What a driver must be allowed to do in the namespace, and nothing more; `pulumi up` makes a Role of it."""

from typing import NamedTuple

from moorage_kubernetes.target import KubernetesTarget


class Rule(NamedTuple):
    """One rule of a Role; no `names` means all objects."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    def as_body(self) -> dict[str, list[str]]:
        """Return the rule as RBAC writes it."""
        body = {"apiGroups": [self.group], "resources": [self.resource], "verbs": list(self.verbs)}
        return {**body, "resourceNames": list(self.names)} if self.names else body


_JOBS = ("create", "delete", "get", "list", "patch", "watch")


def rules(target: KubernetesTarget) -> tuple[Rule, ...]:
    """Return what a driver of this environment uses, and what for.

    Secrets are asked for by name, to say at once which one is missing; their values are not asked for, but RBAC
    cannot say so. A driver without that rule works, and is told by the node instead.
    """
    found = [
        Rule("batch", "jobs", _JOBS),
        Rule("", "pods", ("list", "watch")),
        Rule("", "pods/log", ("get",)),
        Rule("", "events", ("list",)),
    ]
    if target.jobset:
        found.append(Rule("jobset.x-k8s.io", "jobsets", _JOBS))
    if target.queue:
        found.append(Rule("kueue.x-k8s.io", "workloads", ("list",)))
    if target.secrets is None or target.secrets:
        found.append(Rule("", "secrets", ("get",), target.secrets or ()))
    return tuple(found)
