"""The kinds of machine on which steps run, how much of each they may use, and what a namespace may hold."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from moorage.spec.models import Model
from moorage_infra.config.quantities import Bytes, Cpu, amount
from moorage_infra.config.words import Count, Flag, FlavourName, LabelKey, LabelValue, Text


class Size(Model):
    """CPUs and memory."""

    cpu: Cpu = Field(description="CPUs: `500m`, `8`")
    memory: Bytes = Field(description="memory: `512Mi`, `16Gi`")

    def fits_in(self, other: "Size") -> bool:
        """Return whether the other has as much of both."""
        return amount(self.cpu) <= amount(other.cpu) and amount(self.memory) <= amount(other.memory)


class Gpus(Model):
    """The GPUs of one machine."""

    name: Text = Field(description="what a step asks for: `gpu: {name: L4}`")
    memory: Bytes = Field(description="the memory of one of them")
    per_node: Count = Field(ge=1, description="how many a machine has: the most that a step gets on one node")
    resource: LabelKey = Field(default="nvidia.com/gpu", description="what the device plugin calls them")


class Taint(Model):
    """A taint of these machines, which their steps tolerate."""

    key: LabelKey = Field(description="its key")
    value: LabelValue = Field(default="", description="its value")
    effect: Literal["NoSchedule", "NoExecute", "PreferNoSchedule"] = Field(
        default="NoSchedule", description="`NoSchedule`, `NoExecute` or `PreferNoSchedule`"
    )


class Spot(Model):
    """How machines are known that may be taken away."""

    labels: Mapping[LabelKey, LabelValue] = Field(min_length=1, description="labels that such nodes have")
    taints: tuple[Taint, ...] = Field(default=(), description="taints that such nodes have")


class FlavourQuota(Size):
    """How much of one kind of machine steps may use at one time."""

    gpus: Count = Field(default=0, description="GPUs; a kind of machine that has them needs a number here")


class Flavour(Model):
    """A kind of machine on which steps run."""

    name: FlavourName = Field(description="its name")
    labels: Mapping[LabelKey, LabelValue] = Field(min_length=1, description="labels that its nodes have")
    taints: tuple[Taint, ...] = Field(default=(), description="taints that its nodes have")
    spot: Flag = Field(default=False, description="whether they are spot machines: steps with `spot: true` run here")
    gpu: Gpus | None = Field(default=None, description="its GPUs")
    largest: Size = Field(description="what one node has room for: the most that a step gets on one node")
    quota: FlavourQuota = Field(description="how much of them steps may use at one time")

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        if self.gpu and not self.quota.gpus:
            raise ValueError(f"the flavour {self.name!r} has GPUs, and none may be used; add `gpus: N` to its quota")
        if self.quota.gpus and not self.gpu:
            raise ValueError(f"the flavour {self.name!r} has a quota of GPUs, and no `gpu`; say which they are")
        return self


class Quota(Size):
    """What the namespace may hold at one time, whatever asks for it."""

    gpus: Mapping[LabelKey, Count] = Field(
        default={}, description="GPUs by resource; unsaid: what the flavours add up to"
    )
    pods: Count = Field(default=200, description="pods")
    jobs: Count = Field(default=500, description="jobs, ended ones that are still there included")
    storage: Bytes = Field(default="100Gi", description="what all volume claims ask for")
    claims: Count = Field(default=10, description="volume claims")


class Limits(Model):
    """What a container gets that does not say, and the most that one may ask for."""

    default: Size = Field(
        default=Size.model_construct(cpu="500m", memory="1Gi"),
        description="what a container gets that asks for nothing",
    )
    largest: Size | None = Field(
        default=None, description="the most that a container may ask for; unsaid: the largest flavour's"
    )

    @model_validator(mode="after")
    def _is_ordered(self) -> Self:
        if self.largest and not self.default.fits_in(self.largest):
            raise ValueError("`default` is more than `largest`; lower the one or raise the other")
        return self


def used(flavours: tuple[Flavour, ...]) -> Size:
    """Return what steps may use of all kinds of machine together."""
    cpu = sum((amount(each.quota.cpu) for each in flavours), Decimal(0))
    memory = sum((amount(each.quota.memory) for each in flavours), Decimal(0))
    return Size(cpu=written(cpu), memory=written(memory))


def used_gpus(flavours: tuple[Flavour, ...]) -> dict[str, int]:
    """Return how many GPUs steps may use at one time, by the resource that they are of."""
    found: dict[str, int] = {}
    for each in flavours:
        if each.gpu:
            found[each.gpu.resource] = found.get(each.gpu.resource, 0) + each.quota.gpus
    return found


def largest(flavours: tuple[Flavour, ...]) -> Size:
    """Return the largest CPU and the largest memory of any kind of machine."""
    return Size(
        cpu=max((each.largest.cpu for each in flavours), key=amount),
        memory=max((each.largest.memory for each in flavours), key=amount),
    )


def written(value: Decimal) -> str:
    """Return an amount as the shortest quantity that says it exactly."""
    for unit, size in (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20)):
        if value >= size and value % size == 0:
            return f"{int(value / size)}{unit}"
    return f"{int(value)}" if value % 1 == 0 else f"{int(value * 1000)}m"
