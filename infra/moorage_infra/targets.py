"""From a stack's settings to the target that its adapter takes, and to the environment's document. Pure."""

from pathlib import Path

from moorage.environments import Environment
from moorage.ports import Target
from moorage_infra.config import KubernetesSettings, LocalSettings, Settings
from moorage_infra.config.machines import Flavour, Gpus, Taint
from moorage_infra.config.quantities import amount
from moorage_kubernetes.target import GpuOffer, KubernetesTarget, Spot, Toleration
from moorage_local.target import LocalTarget

GIB = 2**30

ACCOUNT = "steps"
"""The service account of steps."""
DRIVER = "driver"
"""The service account of drivers that the cluster runs."""
QUEUE = "steps"
"""The queue in which steps wait."""
PRIORITY = "steps"
"""What the priority class of steps is for."""


def shared_name(settings: KubernetesSettings, what: str) -> str:
    """Return what an object is called that belongs to the whole cluster."""
    return f"{settings.namespace}-{what}"


def environment_document(name: str, settings: Settings, target: Target, store: str) -> dict[str, object]:
    """Return what a stack exports as `environment`, and `moorage env pull` keeps."""
    document = Environment(
        name=name,
        platform=settings.platform,
        target=target.model_dump(mode="json"),
        store=store,
        labels=settings.labels,
        registry=settings.registry,
    )
    return document.model_dump(mode="json", by_alias=True)


def local_document(name: str, settings: LocalSettings, root: Path) -> dict[str, object]:
    """Return the document of an environment on this machine, for the project in the folder `root`."""
    target = LocalTarget(
        folder=str(root / settings.folder),
        cpu=settings.cpu,
        memory_gib=settings.memory_gib,
        python=str(root / settings.python),
    )
    store = settings.store if "://" in settings.store else str(root / settings.store)
    return environment_document(name, settings, target, store)


def kubernetes_target(settings: KubernetesSettings) -> KubernetesTarget:
    """Return the target of an environment in a cluster; what it names is what the component makes."""
    return KubernetesTarget(
        namespace=settings.namespace,
        cpu=float(amount(settings.largest.cpu)),
        memory_gib=float(amount(settings.largest.memory) / GIB),
        context=settings.drivers.context or settings.cluster.context,
        service_account=ACCOUNT,
        driver_service_account=DRIVER if settings.network.api_server else None,
        queue=QUEUE,
        jobset=settings.jobset,
        gpus=tuple(_offer(flavour, flavour.gpu) for flavour in settings.flavours if flavour.gpu),
        spot=_spot(settings),
        priority_class=shared_name(settings, PRIORITY),
        image_pull_secrets=settings.pull_secrets,
        secrets=settings.secrets,
        store_secrets=settings.store.secrets,
        environment=_variables(settings),
        labels=settings.labels,
        user=settings.user,
        keep_seconds=settings.keep_seconds,
    )


def _offer(flavour: Flavour, gpu: Gpus) -> GpuOffer:
    return GpuOffer(
        name=gpu.name,
        memory_gib=float(amount(gpu.memory) / GIB),
        per_node=gpu.per_node,
        resource=gpu.resource,
        node_selector=flavour.labels,
        tolerations=_tolerations(flavour.taints),
    )


def _spot(settings: KubernetesSettings) -> Spot | None:
    if settings.spot is None:
        return None
    return Spot(node_selector=settings.spot.labels, tolerations=_tolerations(settings.spot.taints))


def _tolerations(taints: tuple[Taint, ...]) -> tuple[Toleration, ...]:
    return tuple(Toleration(key=taint.key, value=taint.value or None, effect=taint.effect) for taint in taints)


def _variables(settings: KubernetesSettings) -> dict[str, str]:
    said = {"AWS_ENDPOINT_URL": settings.store.endpoint, "AWS_REGION": settings.store.region}
    return {name: value for name, value in said.items() if value is not None}
