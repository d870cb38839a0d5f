"""What a node is told when it starts: its name and size, what it pretends to be, and how quick it is."""

from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Frozen, and strict about keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Gpus(Model):
    """The GPUs that the node says it has, in the words of NVIDIA's device plugin and feature discovery."""

    count: Annotated[int, Field(ge=1)] = 1
    product: str = "NVIDIA-A100-SXM4-80GB"
    memory_mib: int = 81920


class Taint(Model):
    """Keeps pods away that do not tolerate it."""

    key: str
    value: str = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"


SPOT = Taint(key="cloud.google.com/gke-spot", value="true")
"""As GKE marks its spot machines."""


class Image(Model):
    """How the images whose name fits `pattern` run here: with this machine's programs, or with those below `root`.

    The other fields are what an image's own configuration says, where a container does not say otherwise.
    """

    pattern: str = "*"
    root: str = "/"
    entrypoint: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    folder: str = "/"
    user: int = 0


class Pace(Model):
    """How long things take. The defaults are Kubernetes' own; tests make them short.

    `probe_second` is how long a second of a probe's delay or period lasts; timeouts and grace stay real.
    """

    probe_second: float = 1.0
    backoff_seconds: float = 10.0
    backoff_limit_seconds: float = 300.0
    mount_retry_seconds: float = 0.5
    start_seconds: float = 0.0
    heartbeat_seconds: float = 10.0


QUICK = Pace(
    probe_second=0.1, backoff_seconds=0.05, backoff_limit_seconds=0.4, mount_retry_seconds=0.1, heartbeat_seconds=1
)
"""For tests."""


class Settings(Model):
    """One node. `folder` gets the pods' volumes and logs; `shared` folders are every container's, to write too.

    `kubeconfig` says who the node is; `names_kubeconfig` somebody who may watch EndpointSlices, where a node may not.
    `serving` are the files of the certificate and key that the API server trusts of a kubelet.
    `images` are tried in order; an image that fits none cannot be pulled.
    `isolation` is `namespaces` (needs root; see `launch.py`), `none`, or `auto`, which takes what this machine allows.
    """

    name: str
    kubeconfig: str
    folder: str
    names_kubeconfig: str | None = None
    serving: tuple[str, str] | None = None
    cpu: str = "8"
    memory: str = "16Gi"
    storage: str = "64Gi"
    pods: int = 110
    gpus: Gpus | None = None
    architecture: Literal["amd64", "arm64"] = "amd64"
    labels: dict[str, str] = {}
    taints: tuple[Taint, ...] = ()
    images: tuple[Image, ...] = (Image(),)
    shared: tuple[str, ...] = ()
    isolation: Literal["auto", "namespaces", "none"] = "auto"
    pace: Pace = Pace()

    def image(self, name: str) -> Image | None:
        """Return how an image runs here; None where it cannot be pulled."""
        return next((image for image in self.images if fnmatchcase(name, image.pattern)), None)
