"""What a stack says of an environment in a Kubernetes cluster that exists."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from moorage.spec.models import Model
from moorage_infra.config.machines import Flavour, Limits, Quota, Size, Spot, largest, used, used_gpus
from moorage_infra.config.network import NetworkSettings
from moorage_infra.config.words import (
    Count,
    Endpoint,
    Flag,
    FlavourName,
    LabelKey,
    LabelValue,
    Name,
    Namespace,
    OwnLabelKey,
    RemoteStore,
    Text,
)


class Cluster(Model):
    """Which cluster, and how this machine gets to it."""

    identifier: Name = Field(
        description="its name for good: while it stays, another way to the cluster replaces nothing"
    )
    context: Text = Field(description="the context of the kubeconfig")
    kubeconfig: Text = Field(
        default="~/.kube/config", description="the kubeconfig's path; `KUBECONFIG` is not looked at"
    )


class Store(Model):
    """The object store of the environment, and how steps get into it."""

    uri: RemoteStore = Field(description="`s3://bucket/prefix`, `gs://...` or `az://...`")
    endpoint: Endpoint | None = Field(
        default=None, description="the service's address, where it is not the cloud's own"
    )
    region: Text | None = Field(default=None, description="the region, for a store that speaks S3")
    allow_http: Flag = Field(default=False, description="whether the endpoint may go without TLS: on one machine only")
    secrets: tuple[Name, ...] = Field(
        default=(), description="Secrets of the namespace whose keys are the variables with which steps reach the store"
    )

    @model_validator(mode="after")
    def _is_encrypted(self) -> Self:
        if (self.endpoint or self.region) and not self.uri.startswith("s3://"):
            raise ValueError("`endpoint` and `region` are for s3:// only; remove them")
        if self.endpoint and self.endpoint.startswith("http://") and not self.allow_http:
            raise ValueError(
                f"{self.endpoint!r} goes without TLS; write https://, or `allow_http: true` on one machine"
            )
        return self


class Drivers(Model):
    """Who may drive runs from outside the cluster, besides the service account for drivers within."""

    context: Text | None = Field(default=None, description="their context; unsaid: that of `cluster`")

    users: tuple[Text, ...] = Field(default=(), description="users, as the cluster knows them")
    groups: tuple[Text, ...] = Field(default=(), description="groups, as the cluster knows them")


class Queue(Model):
    """The queue in which steps wait for machines."""

    cohort: FlavourName | None = Field(
        default=None, description="a group of queues that lend each other what is unused"
    )
    reclaims: Flag = Field(
        default=False, description="whether what was lent is taken back at once, from steps of others that run"
    )


class Dashboard(Model):
    """A dashboard for Grafana's sidecar to find."""

    labels: Mapping[LabelKey, LabelValue] = Field(
        default={"grafana_dashboard": "1"}, min_length=1, description="labels that the sidecar looks for"
    )


class Monitoring(Model):
    """What Prometheus and Grafana get; their operator's definitions must be in the cluster."""

    namespace: Name = Field(description="where Prometheus runs: it may ask served models for their metrics")
    labels: Mapping[LabelKey, LabelValue] = Field(
        default={}, description="labels that Prometheus looks for: `{release: kube-prometheus-stack}`"
    )
    rules: Flag = Field(default=True, description="whether there are alerts")
    dashboard: Dashboard | None = Field(default=None, description="a dashboard; unsaid: none")


class DevicePlugin(Model):
    """NVIDIA's device plugin, for a cluster that has no GPU operator."""

    image: Text = Field(description="its image, by digest")
    labels: Mapping[LabelKey, LabelValue] = Field(min_length=1, description="labels of the nodes that have GPUs")

    runtime_class: Name | None = Field(
        default=None, description="the RuntimeClass with which containers see GPUs, where it is not the nodes' own"
    )

    @model_validator(mode="after")
    def _is_pinned(self) -> Self:
        if "@sha256:" not in self.image:
            raise ValueError(f"{self.image!r} may be another image tomorrow; name it by digest: image@sha256:...")
        return self


class Devices(Model):
    """How GPUs get to pods, where the cluster does not see to that by itself."""

    plugin: DevicePlugin | None = Field(
        default=None, description="NVIDIA's device plugin on the nodes with these labels"
    )
    device_class: Name | None = Field(default=None, description="a DeviceClass of this name, for NVIDIA's DRA driver")


class KubernetesSettings(Model):
    """One namespace of a cluster, with all that steps and served models need, and no more."""

    platform: Literal["kubernetes"] = Field(description="`kubernetes`: a cluster that exists")
    cluster: Cluster = Field(description="which cluster")
    namespace: Namespace = Field(description="the namespace that is made")
    protect: Flag = Field(
        default=True, description="whether `pulumi destroy` refuses to take the namespace, and all in it"
    )
    labels: Mapping[OwnLabelKey, LabelValue] = Field(
        default={}, description="labels on everything, such as `team` or `cost-centre`"
    )
    registry: Text | None = Field(default=None, description="where its images are: `registry.example.org/team`")
    store: Store = Field(description="the object store")
    drivers: Drivers = Field(default=Drivers.model_construct(), description="who may drive runs")
    secrets: tuple[Name, ...] = Field(default=(), description="Secrets of the namespace that steps may name")
    pull_secrets: tuple[Name, ...] = Field(
        default=(), description="Secrets of the namespace with which images are pulled"
    )
    flavours: tuple[Flavour, ...] = Field(
        min_length=1, description="the kinds of machine, in the order in which they are tried"
    )
    spot: Spot | None = Field(default=None, description="how spot machines are known; unsaid: there are none")
    user: Annotated[int, Field(strict=True, ge=1)] = Field(default=1000, description="the user that steps run as")
    jobset: Flag = Field(default=True, description="whether the cluster has JobSet, for steps with several nodes")
    keep_seconds: Annotated[int, Field(strict=True, ge=60)] = Field(
        default=86400, description="how long an ended job is kept for looking at"
    )
    queue: Queue = Field(default=Queue.model_construct(), description="the queue in which steps wait")
    quota: Quota = Field(description="what the namespace may hold at one time")
    limits: Limits = Field(default=Limits.model_construct(), description="what one container may ask for")
    network: NetworkSettings = Field(description="who may talk to whom")
    serving_disruptions: Count = Field(
        default=1, ge=1, description="served pods that may be missing while nodes are drained"
    )
    monitoring: Monitoring | None = Field(default=None, description="metrics, alerts, a dashboard; unsaid: none")
    devices: Devices | None = Field(default=None, description="how GPUs get to pods; unsaid: the cluster sees to it")

    @model_validator(mode="after")
    def _holds_what_is_queued(self) -> Self:
        names = [flavour.name for flavour in self.flavours]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two flavours are called {twice[0]!r}; rename one")
        if self.spot is None and (without := [flavour.name for flavour in self.flavours if flavour.spot]):
            raise ValueError(f"the flavour {without[0]!r} is of spot machines; say with `spot` how they are known")
        wanted = used(self.flavours)
        if not wanted.fits_in(self.quota):
            seen = f"the flavours add up to {wanted.cpu} CPUs and {wanted.memory}, the namespace may hold less"
            raise ValueError(f"{seen}; raise `quota`, or steps are let out of the queue and refused then")
        for resource, count in used_gpus(self.flavours).items():
            if self.quota.gpus.get(resource, count) < count:
                seen = f"the flavours add up to {count} {resource}, the namespace may hold less"
                raise ValueError(f"{seen}; raise `quota.gpus`, or steps are let out of the queue and refused then")
        return self

    @property
    def largest(self) -> Size:
        """The most that one container may ask for."""
        return self.limits.largest or largest(self.flavours)

    @property
    def gpus(self) -> Mapping[str, int]:
        """How many GPUs the namespace may hold at one time, by resource."""
        return {**used_gpus(self.flavours), **self.quota.gpus}
