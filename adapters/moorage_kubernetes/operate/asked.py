"""What a stack asks of a cluster: the part of its settings that can be checked before anything is made.

Pulumi's program reads the settings in full, and strictly; here what is not known is left alone, so that a project may
have a program of another version.
"""

from collections.abc import Mapping
from difflib import get_close_matches

from pydantic import BaseModel, ConfigDict, ValidationError

from moorage.errors import TargetError
from moorage.operations import Settings


class Part(BaseModel):
    """Frozen, and content with keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


class Cluster(Part):
    """Which cluster, and how it is reached: as Pulumi's program does, which does not look at `KUBECONFIG`."""

    context: str | None = None
    kubeconfig: str = "~/.kube/config"


class Gpus(Part):
    """The GPUs of one machine."""

    name: str
    per_node: int = 1
    resource: str = "nvidia.com/gpu"


class Amounts(Part):
    """How much of one kind of machine steps may use."""

    cpu: str
    memory: str
    gpus: int = 0


class Flavour(Part):
    """One kind of machine."""

    name: str
    labels: Mapping[str, str]
    spot: bool = False
    gpu: Gpus | None = None
    quota: Amounts


class Spot(Part):
    """How spot machines are known."""

    labels: Mapping[str, str]


class Total(Part):
    """What the namespace may hold."""

    cpu: str
    memory: str


class Monitoring(Part):
    """What Prometheus gets."""

    rules: bool = True
    dashboard: Mapping[str, object] | None = None


class Devices(Part):
    """How GPUs get to pods."""

    plugin: Mapping[str, object] | None = None
    device_class: str | None = None


class Asked(Part):
    """What one stack asks of its cluster."""

    cluster: Cluster = Cluster()
    namespace: str
    jobset: bool = True
    flavours: tuple[Flavour, ...]
    spot: Spot | None = None
    quota: Total
    monitoring: Monitoring | None = None
    devices: Devices | None = None
    secrets: tuple[str, ...] = ()

    def labels(self, flavour: Flavour) -> Mapping[str, str]:
        """Return the labels by which nodes of a kind are known."""
        return {**flavour.labels, **(self.spot.labels if flavour.spot and self.spot else {})}


def _instead(missing: str, settings: Settings) -> str:
    near = get_close_matches(missing, settings.keys() - Asked.model_fields.keys(), n=1)
    return f"write `{missing}` for `{near[0]}`" if near else "add it; docs/infra.md says what it takes"


def asked_of(settings: Settings) -> Asked:
    """Return what a stack asks. Raises TargetError when it does not say enough to be checked."""
    try:
        return Asked.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(map(str, first["loc"]))
        if first["type"] == "missing":
            raise TargetError(f"the stack says no `{path}`", fix=_instead(path, settings)) from error
        message = f"the stack's `{path}` cannot be used: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise TargetError(message, fix="see docs/infra.md for what it takes") from error
