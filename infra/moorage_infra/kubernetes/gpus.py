"""How GPUs get to pods, where the cluster does not see to that: NVIDIA's device plugin, or a class for its DRA."""

from moorage_infra.config.kubernetes import DevicePlugin, Devices
from moorage_infra.kubernetes.network import refuse_all
from moorage_infra.kubernetes.objects import Body, Object
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


def device_class(place: Place, name: str) -> Object:
    """Make the class by which pods claim GPUs of NVIDIA's DRA driver."""
    driver = {"cel": {"expression": 'device.driver == "gpu.nvidia.com"'}}
    body: Body = {"metadata": place.outside(name), "spec": {"selectors": [driver]}}
    return Object(place.child("device-class"), "resource.k8s.io/v1", "DeviceClass", body, place.options)


def device_plugin(place: Place, plugin: DevicePlugin) -> Object:
    """Make the plugin, in a namespace of its own: it needs a folder of its node, which steps may not have."""
    labels = {**pod_security("privileged"), PURPOSE: "devices"}
    metadata = place.outside(place.shared("devices"), labels)
    space = Object(place.child("devices"), "v1", "Namespace", {"metadata": metadata}, place.options)
    there = place.within(space.called)
    refuse_all(there.part("devices"))
    template = {"metadata": {"labels": PLUGIN}, "spec": _pod(plugin)}
    body: Body = {
        "metadata": there.inside("nvidia-device-plugin", PLUGIN),
        "spec": {"selector": {"matchLabels": PLUGIN}, "template": template},
    }
    return Object(place.child("device-plugin"), "apps/v1", "DaemonSet", body, place.options)


def _pod(plugin: DevicePlugin) -> Body:
    runtime: Body = {"runtimeClassName": plugin.runtime_class} if plugin.runtime_class else {}
    return {
        "automountServiceAccountToken": False,
        "priorityClassName": "system-node-critical",
        **runtime,
        "nodeSelector": dict(plugin.labels),
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "containers": [_container(plugin)],
        "volumes": [{"name": "sockets", "hostPath": {"path": SOCKETS, "type": "Directory"}}],
    }


def _container(plugin: DevicePlugin) -> Body:
    return {
        "name": "plugin",
        "image": plugin.image,
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "sockets", "mountPath": SOCKETS}],
    }
