"""Kubernetes as an adapter; what reaches a cluster is imported by `connect` alone."""

from moorage.errors import TargetError
from moorage.ports import Capabilities, Connection, DriverJob, StepJob
from moorage_kubernetes.driver import inside, lower_driver
from moorage_kubernetes.lower import KubernetesRequest, lower
from moorage_kubernetes.target import KubernetesTarget

CAPABILITIES = Capabilities(spot=True, gpu=True, nodes=True, secrets=True, images=True)


class KubernetesAdapter:
    """A namespace of a cluster as a platform."""

    platform = "kubernetes"
    Target = KubernetesTarget
    capabilities = CAPABILITIES

    def capacity(self, target: KubernetesTarget) -> None:
        """Return None: the cluster queues by itself."""

    def lower(self, job: StepJob, target: KubernetesTarget) -> KubernetesRequest:
        """Return the object that runs this job; see `lower`."""
        return lower(job, target)

    def lower_driver(self, job: DriverJob, target: KubernetesTarget) -> KubernetesRequest:
        """Return the Job that drives a run; see `driver.lower_driver`."""
        return lower_driver(job, target)

    def inside(self, target: KubernetesTarget) -> KubernetesTarget:
        """Return the target as a pod of the cluster sees it."""
        return inside(target)

    def connect(self, target: KubernetesTarget) -> Connection:
        """Return the cluster, reached."""
        try:
            from moorage_kubernetes.connection import KubernetesConnection
        except ModuleNotFoundError as error:
            if error.name is None or error.name.startswith("moorage"):
                raise
            message = f"the client of Kubernetes is not installed: there is no module {error.name!r}"
            raise TargetError(message, fix="pip install 'moorage[kubernetes]'") from error
        return KubernetesConnection(target)


adapter = KubernetesAdapter()
"""What the entry point names."""
