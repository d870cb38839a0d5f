"""The component: one namespace of a cluster that exists, with all that steps and served models need."""

import pulumi
import pulumi_kubernetes

from moorage_infra.config import KubernetesSettings
from moorage_infra.kubernetes import gpus, identity, monitoring, network, queues, tenancy
from moorage_infra.kubernetes.place import Place
from moorage_infra.targets import kubernetes_target
from moorage_kubernetes.target import KubernetesTarget


class KubernetesPlatform(pulumi.ComponentResource):
    """A namespace with its bounds, identities, walls and queue; `target` is what the adapter needs of it.

    `environment` is what jobs and the exported document call it. The cluster is reached as the settings say, unless
    the options name a provider for `kubernetes`.
    """

    target: pulumi.Output[KubernetesTarget]

    def __init__(
        self,
        name: str,
        settings: KubernetesSettings,
        *,
        environment: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("moorage:kubernetes:KubernetesPlatform", name, None, opts)
        ours = pulumi.ResourceOptions(parent=self)
        if not _names_a_provider(opts):
            ours = pulumi.ResourceOptions(parent=self, provider=_provider(name, settings, ours))
        place = Place(name, environment or name, settings, settings.namespace, ours)
        self.target = _made(place)
        self.register_outputs({"target": self.target.apply(lambda target: target.model_dump(mode="json"))})


def _made(place: Place) -> pulumi.Output[KubernetesTarget]:
    namespace = tenancy.namespace(place)
    inside = place.within(namespace.called)
    classes = tenancy.priorities(place)
    tenancy.quota(inside)
    tenancy.limits(inside)
    tenancy.disruptions(inside)
    accounts = identity.accounts(inside)
    network.policies(inside)
    queue = queues.queue(inside)
    _what_is_asked_for(place, inside)
    # The target is told when all that it names is there.
    there = pulumi.Output.all(namespace.urn, accounts.steps.urn, queue.urn, classes.steps.urn)
    return there.apply(lambda _: kubernetes_target(place.settings))


def _what_is_asked_for(place: Place, inside: Place) -> None:
    if place.settings.devices:
        gpus.devices(place, place.settings.devices)
    if place.settings.monitoring:
        monitoring.monitoring(inside, place.settings.monitoring)


def _provider(name: str, settings: KubernetesSettings, ours: pulumi.ResourceOptions) -> pulumi_kubernetes.Provider:
    cluster = settings.cluster
    # Said in full: what is left out, the SDK takes from the variables of whoever runs it, and keeps in the state.
    return pulumi_kubernetes.Provider(
        f"{name}-cluster",
        cluster_identifier=cluster.identifier,
        context=cluster.context,
        kubeconfig=cluster.kubeconfig,
        enable_server_side_apply=True,
        delete_unreachable=False,
        enable_config_map_mutable=True,
        enable_secret_mutable=False,
        skip_update_unreachable=False,
        suppress_deprecation_warnings=False,
        suppress_helm_hook_warnings=False,
        # An `up` that was killed has made what its state does not know: the next one takes it over.
        upsert_existing_objects=True,
        # All of it is ours: what somebody changed by hand is put back.
        enable_patch_force=True,
        opts=ours,
    )


def _names_a_provider(opts: pulumi.ResourceOptions | None) -> bool:
    return bool(opts and (opts.provider or opts.providers))
