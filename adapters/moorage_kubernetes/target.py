"""The Kubernetes platform's part of an environment: a namespace of a cluster, and what steps may ask of it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from moorage.ports import Target
from moorage.spec.models import Model

DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
"""The name of a namespace."""
DnsName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$", max_length=253)]
"""The name of most other objects."""
LabelKey = Annotated[
    str,
    StringConstraints(
        pattern=r"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$", max_length=317
    ),
]
"""The key of a label, a taint or a resource, with or without a prefix."""
LabelValue = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$")]
"""The value of a label or a taint."""
Effect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
"""What a taint does to pods that do not tolerate it."""


class Toleration(Model):
    """Lets pods on nodes with a taint; no `value` means any, no `effect` all of them."""

    key: LabelKey
    value: LabelValue | None = None
    effect: Effect | None = None


class GpuOffer(Model):
    """One kind of GPU: as steps name it, how nodes with it are found, and how many one node has.

    `resource` is what the device plugin calls it.
    """

    name: Annotated[str, Field(min_length=1)]
    memory_gib: Annotated[float, Field(gt=0)]
    per_node: Annotated[int, Field(ge=1)] = 1
    resource: LabelKey = "nvidia.com/gpu"
    node_selector: Annotated[Mapping[LabelKey, LabelValue], Field(min_length=1)]
    tolerations: tuple[Toleration, ...] = (Toleration(key="nvidia.com/gpu"),)


class Spot(Model):
    """Nodes that may be taken away: the labels and taints by which they are known."""

    node_selector: Annotated[Mapping[LabelKey, LabelValue], Field(min_length=1)]
    tolerations: tuple[Toleration, ...] = ()


class KubernetesTarget(Target):
    """A namespace that steps run in.

    `context` and `kubeconfig` say how the cluster is reached: None is what kubectl would take, and inside a cluster
    without a kubeconfig the pod's own account. `cpu` and `memory_gib` are the most that one pod can get. `queue` is a
    LocalQueue of Kueue. `secrets` are those that steps may name (None: any). `store_secrets` hold variables with which
    steps reach the store. `driver_service_account` is whom drivers run as where the cluster runs them. `user` is whom
    steps run as (None: whom the image or the cluster says).
    """

    namespace: DnsLabel
    cpu: Annotated[float, Field(gt=0)]
    memory_gib: Annotated[float, Field(gt=0)]
    context: str | None = None
    kubeconfig: str | None = None
    service_account: DnsName = "default"
    driver_service_account: DnsName | None = None
    queue: DnsName | None = None
    jobset: bool = True
    gpus: tuple[GpuOffer, ...] = ()
    spot: Spot | None = None
    node_selector: Mapping[LabelKey, LabelValue] = {}
    tolerations: tuple[Toleration, ...] = ()
    priority_class: DnsName | None = None
    image_pull_secrets: tuple[DnsName, ...] = ()
    secrets: tuple[DnsName, ...] | None = None
    store_secrets: tuple[DnsName, ...] = ()
    environment: Mapping[str, str] = {}
    labels: Mapping[LabelKey, LabelValue] = {}
    user: Annotated[int, Field(ge=1)] | None = 1000
    keep_seconds: Annotated[int, Field(ge=60)] = 86400

    @model_validator(mode="after")
    def _labels_are_not_ours(self) -> "KubernetesTarget":
        ours = [key for key in self.labels if key.startswith("moorage.dev/")]
        if ours:
            raise ValueError(f"labels that begin with moorage.dev/ are moorage's own: {', '.join(ours)}")
        return self
