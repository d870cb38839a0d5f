"""Who may talk to whom: nobody, but for what these policies name."""

from collections.abc import Sequence

from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, LabelSelectorRequirementArgs
from pulumi_kubernetes.networking.v1 import (
    IPBlockArgs,
    NetworkPolicy,
    NetworkPolicyEgressRuleArgs,
    NetworkPolicyIngressRuleArgs,
    NetworkPolicyPeerArgs,
    NetworkPolicyPortArgs,
    NetworkPolicySpecArgs,
)

from moorage_infra.config.network import Peers, Service
from moorage_infra.kubernetes.place import RUN, SERVED, STEP, Place
from moorage_kubernetes.names import SET_NAME

DNS_PORT = 53
NAMESPACE = "kubernetes.io/metadata.name"
"""The label by which the server itself names a namespace."""

ALWAYS = ("default-deny", "dns", "store", "nodes")
"""Policies that every environment has."""
EVERYBODY = LabelSelectorArgs()
DRIVERS = LabelSelectorArgs(
    match_expressions=[
        LabelSelectorRequirementArgs(key=RUN, operator="Exists"),
        LabelSelectorRequirementArgs(key=STEP, operator="DoesNotExist"),
    ]
)
"""Drivers that the cluster runs: of a run, and of no step."""


def policies(place: Place) -> Sequence[NetworkPolicy]:
    """Make all policies of the namespace."""
    said = place.settings.network
    made = [refuse_all(place), _dns(place), _out(place, "store", said.store), _among_nodes(place)]
    made += [_out(place, f"to-{extra.name}", extra) for extra in said.egress]
    if said.api_server:
        made.append(_out(place, "api-server", said.api_server, DRIVERS))
    if callers := _callers(place):
        made.append(_serving(place, callers))
    return made


def refuse_all(place: Place) -> NetworkPolicy:
    """Make the policy without which the others would mean nothing."""
    spec = NetworkPolicySpecArgs(pod_selector=EVERYBODY, policy_types=["Ingress", "Egress"])
    return _policy(place, "default-deny", spec)


def _dns(place: Place) -> NetworkPolicy:
    ports = [NetworkPolicyPortArgs(port=DNS_PORT, protocol=protocol) for protocol in ("UDP", "TCP")]
    rule = NetworkPolicyEgressRuleArgs(to=_peers(place.settings.network.dns), ports=ports)
    return _policy(place, "dns", _spec(EVERYBODY, egress=[rule]))


def _out(place: Place, name: str, to: Service, who: LabelSelectorArgs = EVERYBODY) -> NetworkPolicy:
    rule = NetworkPolicyEgressRuleArgs(to=_peers(to), ports=_ports(to.ports))
    return _policy(place, name, _spec(who, egress=[rule]))


def _among_nodes(place: Place) -> NetworkPolicy:
    # A policy cannot say "of the same set"; these are all pods of steps that have several nodes.
    nodes = _having(SET_NAME)
    peers = [NetworkPolicyPeerArgs(pod_selector=nodes)]
    spec = NetworkPolicySpecArgs(
        pod_selector=nodes,
        ingress=[NetworkPolicyIngressRuleArgs(from_=peers)],
        egress=[NetworkPolicyEgressRuleArgs(to=peers)],
        policy_types=["Ingress", "Egress"],
    )
    return _policy(place, "nodes", spec)


def _serving(place: Place, callers: Sequence[NetworkPolicyPeerArgs]) -> NetworkPolicy:
    rule = NetworkPolicyIngressRuleArgs(from_=list(callers), ports=_ports([place.settings.network.serving_port]))
    spec = NetworkPolicySpecArgs(pod_selector=_having(SERVED), ingress=[rule], policy_types=["Ingress"])
    return _policy(place, "serving", spec)


def _callers(place: Place) -> list[NetworkPolicyPeerArgs]:
    gateways = [peer for each in place.settings.network.ingress for peer in _peers(each)]
    watcher = place.settings.monitoring
    return [*gateways, *(_peers(Peers(namespace=watcher.namespace)) if watcher else [])]


def _peers(said: Peers) -> list[NetworkPolicyPeerArgs]:
    if said.namespace is None:
        return [NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr=network)) for network in said.networks]
    there = LabelSelectorArgs(match_labels={NAMESPACE: said.namespace})
    pods = LabelSelectorArgs(match_labels=dict(said.pods)) if said.pods else None
    return [NetworkPolicyPeerArgs(namespace_selector=there, pod_selector=pods)]


def _ports(ports: Sequence[int]) -> list[NetworkPolicyPortArgs]:
    return [NetworkPolicyPortArgs(port=port, protocol="TCP") for port in ports]


def _having(label: str) -> LabelSelectorArgs:
    return LabelSelectorArgs(match_expressions=[LabelSelectorRequirementArgs(key=label, operator="Exists")])


def _spec(who: LabelSelectorArgs, egress: Sequence[NetworkPolicyEgressRuleArgs]) -> NetworkPolicySpecArgs:
    return NetworkPolicySpecArgs(pod_selector=who, egress=list(egress), policy_types=["Egress"])


def _policy(place: Place, name: str, spec: NetworkPolicySpecArgs) -> NetworkPolicy:
    opts = place.kept if name in ALWAYS else place.options
    return NetworkPolicy(place.child(f"network-{name}"), metadata=place.inside(name), spec=spec, opts=opts)
