"""What a node says of itself: its Node object, its status and its lease. Pure."""

from typing import Any

from tests.rigs.kubernetes.node.settings import Settings

NODES = "/api/v1/nodes"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
LEASE_SECONDS = 40
VERSION = "v1.36.2"

_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


def node(settings: Settings) -> dict[str, Any]:
    """Return the Node that registers it."""
    taints = [taint.model_dump(exclude_defaults=True) | {"effect": taint.effect} for taint in settings.taints]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": settings.name, "labels": labels(settings)},
        "spec": {"taints": taints} if taints else {},
    }


def labels(settings: Settings) -> dict[str, str]:
    """Return the labels that the kubelet and NVIDIA's feature discovery would give it, and its own."""
    said = {
        "kubernetes.io/hostname": settings.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": settings.architecture,
    }
    if gpus := settings.gpus:
        said |= {
            "nvidia.com/gpu.present": "true",
            "nvidia.com/gpu.product": gpus.product,
            "nvidia.com/gpu.memory": str(gpus.memory_mib),
            "nvidia.com/gpu.count": str(gpus.count),
        }
    return said | settings.labels


def capacity(settings: Settings) -> dict[str, str]:
    """Return what the node has to give."""
    has = {
        "cpu": settings.cpu,
        "memory": settings.memory,
        "ephemeral-storage": settings.storage,
        "pods": str(settings.pods),
    }
    return has | ({"nvidia.com/gpu": str(settings.gpus.count)} if settings.gpus else {})


def status(settings: Settings, port: int, at: str, since: str) -> dict[str, Any]:
    """Return the patch of a heartbeat; `port` is where the API server fetches logs."""
    conditions = [
        {
            "type": kind, "status": said, "reason": reason, "message": message,
            "lastHeartbeatTime": at, "lastTransitionTime": since,
        }
        for kind, said, reason, message in _CONDITIONS
    ]  # fmt: skip
    # No name among them: the API server would rather look that up than take the address.
    return {
        "status": {
            "capacity": capacity(settings),
            "allocatable": capacity(settings),
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "conditions": conditions,
            "nodeInfo": _info(settings),
        }
    }


def lease(settings: Settings, at: str) -> dict[str, Any]:
    """Return the lease whose renewal says that the node lives."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": settings.name, "namespace": "kube-node-lease"},
        "spec": {"holderIdentity": settings.name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": at},
    }


def _info(settings: Settings) -> dict[str, str]:
    return {
        "architecture": settings.architecture, "operatingSystem": "linux", "osImage": "moorage test node",
        "kernelVersion": "", "containerRuntimeVersion": "moorage://1", "kubeletVersion": VERSION,
        "kubeProxyVersion": VERSION, "machineID": "", "systemUUID": "", "bootID": "",
    }  # fmt: skip
