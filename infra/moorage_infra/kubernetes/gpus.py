"""How GPUs get to pods, where the cluster does not see to that: NVIDIA's device plugin, or a class for its DRA."""

from pulumi_kubernetes.apps.v1 import DaemonSet, DaemonSetSpecArgs
from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    ContainerArgs,
    HostPathVolumeSourceArgs,
    Namespace,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ResourceRequirementsArgs,
    SecurityContextArgs,
    TolerationArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.resource.v1 import (
    CELDeviceSelectorArgs,
    DeviceClass,
    DeviceClassSpecArgs,
    DeviceSelectorArgs,
)

from moorage_infra.config.kubernetes import DevicePlugin, Devices
from moorage_infra.kubernetes.network import refuse_all
from moorage_infra.kubernetes.place import PURPOSE, Place
from moorage_infra.kubernetes.tenancy import pod_security

SOCKETS = "/var/lib/kubelet/device-plugins"
"""Where the kubelet meets device plugins, on every node."""
PLUGIN = {"app.kubernetes.io/name": "nvidia-device-plugin"}


def devices(place: Place, said: Devices) -> None:
    """Make what was asked for."""
    if said.device_class:
        device_class(place, said.device_class)
    if said.plugin:
        device_plugin(place, said.plugin)


def device_class(place: Place, name: str) -> DeviceClass:
    """Make the class by which pods claim GPUs of NVIDIA's DRA driver."""
    driver = DeviceSelectorArgs(cel=CELDeviceSelectorArgs(expression='device.driver == "gpu.nvidia.com"'))
    return DeviceClass(
        place.child("device-class"),
        metadata=place.outside(name),
        spec=DeviceClassSpecArgs(selectors=[driver]),
        opts=place.options,
    )


def device_plugin(place: Place, plugin: DevicePlugin) -> DaemonSet:
    """Make the plugin, in a namespace of its own: it needs a folder of its node, which steps may not have."""
    space = Namespace(
        place.child("devices"),
        metadata=place.outside(place.shared("devices"), {**pod_security("privileged"), PURPOSE: "devices"}),
        opts=place.options,
    )
    there = place.within(space.metadata.name)
    refuse_all(there.part("devices"))
    return DaemonSet(
        place.child("device-plugin"),
        metadata=there.inside("nvidia-device-plugin", PLUGIN),
        spec=DaemonSetSpecArgs(
            selector=LabelSelectorArgs(match_labels=PLUGIN),
            template=PodTemplateSpecArgs(metadata=ObjectMetaArgs(labels=PLUGIN), spec=_pod(plugin)),
        ),
        opts=place.options,
    )


def _pod(plugin: DevicePlugin) -> PodSpecArgs:
    return PodSpecArgs(
        automount_service_account_token=False,
        priority_class_name="system-node-critical",
        runtime_class_name=plugin.runtime_class,
        node_selector=dict(plugin.labels),
        tolerations=[TolerationArgs(key="nvidia.com/gpu", operator="Exists")],
        containers=[_container(plugin)],
        volumes=[VolumeArgs(name="sockets", host_path=HostPathVolumeSourceArgs(path=SOCKETS, type="Directory"))],
    )


def _container(plugin: DevicePlugin) -> ContainerArgs:
    return ContainerArgs(
        name="plugin",
        image=plugin.image,
        resources=ResourceRequirementsArgs(
            requests={"cpu": "50m", "memory": "64Mi"}, limits={"cpu": "200m", "memory": "128Mi"}
        ),
        security_context=SecurityContextArgs(
            allow_privilege_escalation=False, capabilities=CapabilitiesArgs(drop=["ALL"])
        ),
        volume_mounts=[VolumeMountArgs(name="sockets", mount_path=SOCKETS)],
    )
