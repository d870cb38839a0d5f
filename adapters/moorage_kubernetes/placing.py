"""Where a step's pods may go: which nodes, what of them, and which asks no node can answer. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from moorage.errors import Unsupported
from moorage.ports import StepJob
from moorage.spec.models import Gpu, Resources
from moorage_kubernetes.names import NODES
from moorage_kubernetes.target import GpuOffer, KubernetesTarget, Toleration

Object = dict[str, JsonValue]
"""A part of a body."""

LONGEST_POD_NAME = 63
"""JobSet wants a pod to be called as its host is."""
LOST_NODE_SECONDS = 60
"""How long a pod stays bound to a node that does not answer; Kubernetes' own default is five minutes."""

_ELSEWHERE = "run it in an environment that has more"


def refuse(job: StepJob, target: KubernetesTarget) -> None:
    """Raise Unsupported for what no node of this environment can give, or what it does not have."""
    asked, step = job.resources, f"step {(job.owner.step or job.name)!r}"
    if asked.cpu > target.cpu or asked.counted_memory_gib > target.memory_gib:
        seen = f"{step} asks for {_amount(asked.cpu, asked.counted_memory_gib)}"
        has = f"the largest pod here has {_amount(target.cpu, target.memory_gib)}"
        raise Unsupported(f"{seen}; {has}", fix=f"lower `resources.cpu` or `resources.memory`, or {_ELSEWHERE}")
    if asked.gpu is not None and not offers(asked.gpu, target):
        has = ", ".join(_listed(offer) for offer in target.gpus) or "no GPU"
        fix = f"change `resources.gpu`, or {_ELSEWHERE}"
        raise Unsupported(f"{step} asks for {_described(asked.gpu)} on a node; this environment has {has}", fix=fix)
    if asked.spot and target.spot is None:
        seen = f"{step} asks for a spot machine; this environment names no spot nodes"
        raise Unsupported(seen, fix="set `resources.spot: false`, or `spot` in the stack")
    if asked.nodes > 1 and not target.jobset:
        seen = f"{step} asks for {asked.nodes} nodes; this cluster has no JobSet to start them together"
        raise Unsupported(seen, fix="set `resources.nodes: 1`, or install JobSet and set `jobset` in the stack")
    if (over := len(f"{job.name}-{NODES}-0-{asked.nodes - 1}-abcde") - LONGEST_POD_NAME) > 0 and asked.nodes > 1:
        seen = f"{step} asks for {asked.nodes} nodes; the names of its pods would be {over} characters too long"
        raise Unsupported(seen, fix="shorten the step's name, or ask for fewer nodes")
    _refuse_secrets(job, target, step)


def offers(asked: Gpu, target: KubernetesTarget) -> Sequence[GpuOffer]:
    """Return the kinds of GPU that will do, of one resource: a pod can name but one."""
    fits = [offer for offer in target.gpus if _fits(asked, offer)]
    first = min(fits, key=lambda offer: asked.name.index(offer.name) if asked.name else 0, default=None)
    return [offer for offer in fits if first and offer.resource == first.resource]


def resources(asked: Resources, target: KubernetesTarget) -> Object:
    """Return what the container gets: memory and GPUs exactly, CPU at least."""
    memory = f"{math.ceil(asked.counted_memory_gib * 1024)}Mi"
    exact: Object = {} if asked.memory_gib is None else {"memory": memory}
    if asked.gpu is not None:
        exact[offers(asked.gpu, target)[0].resource] = str(asked.gpu.count)
    requests: Object = {"cpu": f"{math.ceil(asked.cpu * 1000)}m", "memory": memory, **exact}
    return {"requests": requests, "limits": exact} if exact else {"requests": requests}


def affinity(asked: Resources, target: KubernetesTarget) -> Object:
    """Return which nodes will do; empty when all will. The terms are alternatives, one per kind of GPU."""
    spot = [] if target.spot is None else [_wants(target.spot.node_selector, "In" if asked.spot else "NotIn")]
    gpus = [_wants(offer.node_selector, "In") for offer in offers(asked.gpu, target)] if asked.gpu else [[]]
    terms: list[JsonValue] = [
        {"matchExpressions": expressions} for gpu in gpus if (expressions := [*gpu, *(e for one in spot for e in one)])
    ]
    required: Object = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return {"nodeAffinity": required} if terms else {}


def tolerations(asked: Resources, target: KubernetesTarget) -> list[JsonValue]:
    """Return the taints that do not keep the pod away, each once."""
    kinds = list(target.tolerations)
    kinds += [each for offer in (offers(asked.gpu, target) if asked.gpu else ()) for each in offer.tolerations]
    kinds += target.spot.tolerations if asked.spot and target.spot else ()
    return [*(_toleration(each) for each in dict.fromkeys(kinds)), *_of_lost_nodes()]


def _wants(labels: Mapping[str, str], operator: str) -> list[JsonValue]:
    return [{"key": key, "operator": operator, "values": [value]} for key, value in labels.items()]


def _toleration(each: Toleration) -> Object:
    how: Object = {"operator": "Exists"} if each.value is None else {"operator": "Equal", "value": each.value}
    return {"key": each.key, **how, **({"effect": each.effect} if each.effect else {})}


def _of_lost_nodes() -> Iterator[Object]:
    for what in ("not-ready", "unreachable"):
        yield {
            "key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute",
            "tolerationSeconds": LOST_NODE_SECONDS,
        }  # fmt: skip


def _fits(asked: Gpu, offer: GpuOffer) -> bool:
    named = not asked.name or offer.name in asked.name
    return named and offer.memory_gib >= (asked.memory_gib or 0) and offer.per_node >= asked.count


def _refuse_secrets(job: StepJob, target: KubernetesTarget, step: str) -> None:
    allowed = target.secrets
    other = [ref for ref in job.secrets.values() if allowed is not None and ref.partition("/")[0] not in allowed]
    if other:
        has = ", ".join(allowed or ()) or "none"
        add = f"add {other[0].partition('/')[0]!r} to `secrets` in the stack"
        fix = f"name one of these, or {add}" if allowed else add
        raise Unsupported(f"{step} asks for the secret {other[0]}; this environment offers {has}", fix=fix)


def _amount(cpu: float, memory_gib: float) -> str:
    return f"{cpu:g} CPU, {round(memory_gib, 2):g} GiB"


def _described(asked: Gpu) -> str:
    names = " or ".join(asked.name) or "GPU"
    least = f" with {asked.memory_gib:g} GiB" if asked.memory_gib else ""
    return f"{asked.count} x {names}{least}"


def _listed(offer: GpuOffer) -> str:
    return f"{offer.per_node} x {offer.name} with {offer.memory_gib:g} GiB"
