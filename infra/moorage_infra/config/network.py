"""Who may talk to whom: everything else is refused."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from moorage.spec.models import Model
from moorage_infra.config.words import FlavourName, LabelKey, LabelValue, Name, Network, Port


class Peers(Model):
    """Networks outside the cluster, or pods of one of its namespaces; all of its pods when no labels are given."""

    networks: tuple[Network, ...] = Field(default=(), description="networks outside the cluster: `[10.20.0.0/24]`")
    namespace: Name | None = Field(default=None, description="or a namespace of the cluster")
    pods: Mapping[LabelKey, LabelValue] = Field(default={}, description="only those of its pods that have these labels")

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if bool(self.networks) == bool(self.namespace):
            raise ValueError("it names nobody, or two; give exactly one of `networks` and `namespace`")
        if self.pods and not self.namespace:
            raise ValueError("`pods` says which pods of a `namespace`; give that, too")
        return self


class Service(Peers):
    """Somebody to talk to, and the ports."""

    ports: tuple[Port, ...] = Field(default=(443,), min_length=1, description="TCP ports there")


class Extra(Service):
    """One more service that steps and served models may reach."""

    name: FlavourName = Field(description="what the policy is called")


class NetworkSettings(Model):
    """What pods of the namespace may reach, and who may reach them."""

    dns: Peers = Field(
        default=Peers.model_construct(namespace="kube-system", pods={"k8s-app": "kube-dns"}),
        description="who answers names, on port 53",
    )
    store: Service = Field(description="where the store answers")
    api_server: Service | None = Field(default=None, description="the API server, where drivers run inside the cluster")
    ingress: tuple[Peers, ...] = Field(default=(), description="who may ask served models: the gateway")
    serving_port: Port = Field(default=3000, description="the port on which models are served")
    egress: tuple[Extra, ...] = Field(default=(), description="what else may be reached")
