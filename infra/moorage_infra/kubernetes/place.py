"""Where the children of one component go: names, labels, namespace, options."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pulumi

from moorage_infra.config import KubernetesSettings
from moorage_infra.kubernetes.objects import Body
from moorage_infra.targets import shared_name
from moorage_kubernetes.names import PREFIX, label_key

RUN = label_key("moorage-run")
"""The label of everything that belongs to a run."""
STEP = label_key("moorage-step")
"""The label of everything that belongs to a step; a driver has none."""
SERVED = f"{PREFIX}deployment"
"""The label of everything that belongs to a served model."""
PURPOSE = f"{PREFIX}purpose"
"""The label of a namespace that steps do not run in: what it is for instead."""


@dataclass(frozen=True)
class Place:
    """The component's name, what its stack is called and says, its namespace, and the options of its children."""

    name: str
    environment: str
    settings: KubernetesSettings
    namespace: pulumi.Input[str]
    options: pulumi.ResourceOptions

    @property
    def kept(self) -> pulumi.ResourceOptions:
        """The options of what is not given up while the namespace is protected: without it, the rest is not safe."""
        return pulumi.ResourceOptions.merge(self.options, pulumi.ResourceOptions(protect=self.settings.protect))

    def child(self, what: str) -> str:
        """Return what a child is called in the stack."""
        return f"{self.name}-{what}"

    def shared(self, what: str) -> str:
        """Return what an object is called that belongs to the whole cluster."""
        return shared_name(self.settings, what)

    def inside(self, name: str, labels: Mapping[str, str] = {}) -> Body:
        """Return the metadata of an object in the namespace."""
        return {**self.outside(name, labels), "namespace": self.namespace}

    def outside(self, name: str, labels: Mapping[str, str] = {}) -> Body:
        """Return the metadata of an object that is in no namespace."""
        return {"name": name, "labels": self._labels(labels)}

    def after(self, *made: pulumi.Resource) -> pulumi.ResourceOptions:
        """Return the options of a child that is kept, and needs others before it."""
        return pulumi.ResourceOptions.merge(self.kept, pulumi.ResourceOptions(depends_on=list(made)))

    def part(self, what: str) -> "Place":
        """Return the same for children that would else be called as others are."""
        return replace(self, name=self.child(what))

    def within(self, namespace: pulumi.Input[str]) -> "Place":
        """Return the same for another namespace."""
        return replace(self, namespace=namespace)

    def _labels(self, more: Mapping[str, str]) -> dict[str, str]:
        ours = {
            "app.kubernetes.io/part-of": "moorage",
            "app.kubernetes.io/managed-by": "pulumi",
            label_key("moorage-environment"): self.environment,
        }
        return {**self.settings.labels, **ours, **more}
