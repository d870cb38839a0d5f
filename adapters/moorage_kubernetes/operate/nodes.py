"""What the nodes of a cluster offer, beside what a stack asks of them. Pure, but for listing them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kubernetes.utils.quantity import parse_quantity

from moorage.errors import AccessDenied
from moorage_kubernetes.operate.asked import Asked, Flavour
from moorage_kubernetes.operate.cluster import Body, Cluster

GIB = 2**30


@dataclass(frozen=True)
class Node:
    """A node: its labels, and how much of each resource pods may have of it."""

    labels: Mapping[str, str]
    allocatable: Mapping[str, Decimal]

    def has(self, labels: Mapping[str, str]) -> bool:
        """Return whether it has all of these labels."""
        return labels.items() <= self.labels.items()

    def of(self, resource: str) -> Decimal:
        """Return how much it has of a resource."""
        return self.allocatable.get(resource, Decimal(0))


def nodes(cluster: Cluster) -> tuple[Node, ...]:
    """Return all nodes on which pods may be placed. Raises AccessDenied to who may not see them."""
    try:
        return tuple(node(body) for body in cluster.list("/api/v1/nodes") if not body["spec"].get("unschedulable"))
    except AccessDenied as error:
        fix = "have `list nodes` allowed to you, or leave this check out"
        raise AccessDenied("you may not list nodes, so what they have is not known", fix=fix) from error


def node(body: Body) -> Node:
    """Return one node, from what the API says."""
    offers = (body.get("status") or {}).get("allocatable") or {}
    amounts = {name: parse_quantity(text) for name, text in offers.items()}
    return Node(body["metadata"].get("labels") or {}, amounts)


def gpus(asked: Asked, there: Sequence[Node]) -> tuple[list[str], list[str]]:
    """Return what was seen of each kind of GPU that is well, and what is wrong with the others."""
    seen, lacks = [], []
    for flavour in asked.flavours:
        gpu = flavour.gpu
        if gpu is None:
            continue
        labels = asked.labels(flavour)
        those = [each for each in there if each.has(labels)]
        most = max((each.of(gpu.resource) for each in those), default=Decimal(0))
        if not those:
            lacks.append(_none(flavour, labels, there))
        elif most < gpu.per_node:
            wanted = f"the stack says {gpu.per_node}"
            lacks.append(
                f"{flavour.name}: the most {gpu.resource} that one of {len(those)} nodes has is {most}; {wanted}"
            )
        else:
            total = sum(each.of(gpu.resource) for each in those)
            seen.append(f"{gpu.name}: {total} on {len(those)} {'node' if len(those) == 1 else 'nodes'}")
    return seen, lacks


def quota(asked: Asked, there: Sequence[Node]) -> tuple[str, list[str]]:
    """Return what the cluster has, and where the stack asks for more than there is."""
    has_cpu, has_memory = _sum(there, "cpu"), _sum(there, "memory")
    lacks = _more("the namespace", asked.quota.cpu, has_cpu, asked.quota.memory, has_memory)
    for flavour in asked.flavours:
        labels = asked.labels(flavour)
        those = [each for each in there if each.has(labels)]
        lacks += _flavour(flavour, those) if those else [_none(flavour, labels, there)]
    cpus = f"{parse_quantity(asked.quota.cpu)} of {_plain(has_cpu)} CPUs"
    return f"{cpus}, {_gib(parse_quantity(asked.quota.memory))} of {_gib(has_memory)} GiB", lacks


def _flavour(flavour: Flavour, those: Sequence[Node]) -> list[str]:
    said = flavour.quota
    lacks = _more(f"flavour {flavour.name}", said.cpu, _sum(those, "cpu"), said.memory, _sum(those, "memory"))
    if flavour.gpu and said.gpus > (total := _sum(those, flavour.gpu.resource)):
        lacks.append(_asks(f"flavour {flavour.name}", str(said.gpus), _plain(total), flavour.gpu.resource))
    return lacks


def _none(flavour: Flavour, labels: Mapping[str, str], there: Sequence[Node]) -> str:
    return f"{flavour.name}: no node has {_pairs(labels)}{_instead(labels, there)}"


def _more(name: str, cpu: str, has_cpu: Decimal, memory: str, has_memory: Decimal) -> list[str]:
    wants_cpu, wants_memory = parse_quantity(cpu), parse_quantity(memory)
    lacks = [_asks(name, _plain(wants_cpu), _plain(has_cpu), "CPUs")] if wants_cpu > has_cpu else []
    short = wants_memory > has_memory
    return lacks + ([_asks(name, _gib(wants_memory), _gib(has_memory), "GiB")] if short else [])


def _asks(name: str, wants: str, has: str, unit: str) -> str:
    return f"{name} asks for {wants} {unit}, and {has} are there"


def _sum(those: Sequence[Node], resource: str) -> Decimal:
    return sum((each.of(resource) for each in those), Decimal(0))


def _instead(labels: Mapping[str, str], there: Sequence[Node]) -> str:
    values = Counter(f"{key}={each.labels[key]}" for key in labels for each in there if key in each.labels)
    return f"; there is {', '.join(text for text, _ in values.most_common(3))}" if values else ""


def _pairs(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items())


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _gib(value: Decimal) -> str:
    return f"{float(value / GIB):.4g}"
