"""Who may talk to whom: nobody, but for what these policies name."""

from collections.abc import Sequence

from moorage_infra.config.network import Peers, Service
from moorage_infra.kubernetes.objects import Body, Object, pods_with
from moorage_infra.kubernetes.place import RUN, SERVED, STEP, Place
from moorage_kubernetes.names import SET_NAME

DNS_PORT = 53
NAMESPACE = "kubernetes.io/metadata.name"
"""The label by which the server itself names a namespace."""

ALWAYS = ("default-deny", "dns", "store", "nodes")
"""Policies that every environment has."""
EVERYBODY: Body = {}
DRIVERS: Body = {
    "matchExpressions": [{"key": RUN, "operator": "Exists"}, {"key": STEP, "operator": "DoesNotExist"}],
}
"""Drivers that the cluster runs: of a run, and of no step."""


def policies(place: Place) -> Sequence[Object]:
    """Make all policies of the namespace."""
    said = place.settings.network
    made = [refuse_all(place), _dns(place), _out(place, "store", said.store), _among_nodes(place)]
    made += [_out(place, f"to-{extra.name}", extra) for extra in said.egress]
    if said.api_server:
        made.append(_out(place, "api-server", said.api_server, DRIVERS))
    if callers := _callers(place):
        made.append(_serving(place, callers))
    return made


def refuse_all(place: Place) -> Object:
    """Make the policy without which the others would mean nothing."""
    return _policy(place, "default-deny", {"podSelector": EVERYBODY, "policyTypes": ["Ingress", "Egress"]})


def _dns(place: Place) -> Object:
    ports = [{"port": DNS_PORT, "protocol": protocol} for protocol in ("UDP", "TCP")]
    return _policy(place, "dns", _egress(EVERYBODY, {"to": _peers(place.settings.network.dns), "ports": ports}))


def _out(place: Place, name: str, to: Service, who: Body = EVERYBODY) -> Object:
    return _policy(place, name, _egress(who, {"to": _peers(to), "ports": _ports(to.ports)}))


def _among_nodes(place: Place) -> Object:
    # A policy cannot say "of the same set"; these are all pods of steps that have several nodes.
    nodes = pods_with(SET_NAME)
    peers = [{"podSelector": nodes}]
    spec: Body = {
        "podSelector": nodes,
        "ingress": [{"from": peers}],
        "egress": [{"to": peers}],
        "policyTypes": ["Ingress", "Egress"],
    }
    return _policy(place, "nodes", spec)


def _serving(place: Place, callers: Sequence[Body]) -> Object:
    rule = {"from": callers, "ports": _ports([place.settings.network.serving_port])}
    return _policy(place, "serving", {"podSelector": pods_with(SERVED), "ingress": [rule], "policyTypes": ["Ingress"]})


def _callers(place: Place) -> list[Body]:
    gateways = [peer for each in place.settings.network.ingress for peer in _peers(each)]
    watcher = place.settings.monitoring
    return [*gateways, *(_peers(Peers(namespace=watcher.namespace)) if watcher else [])]


def _peers(said: Peers) -> list[Body]:
    if said.namespace is None:
        return [{"ipBlock": {"cidr": network}} for network in said.networks]
    pods: Body = {"podSelector": {"matchLabels": dict(said.pods)}} if said.pods else {}
    return [{"namespaceSelector": {"matchLabels": {NAMESPACE: said.namespace}}, **pods}]


def _ports(ports: Sequence[int]) -> list[Body]:
    return [{"port": port, "protocol": "TCP"} for port in ports]


def _egress(who: Body, rule: Body) -> Body:
    return {"podSelector": who, "egress": [rule], "policyTypes": ["Egress"]}


def _policy(place: Place, name: str, spec: Body) -> Object:
    opts = place.kept if name in ALWAYS else place.options
    body: Body = {"metadata": place.inside(name), "spec": spec}
    return Object(place.child(f"network-{name}"), "networking.k8s.io/v1", "NetworkPolicy", body, opts)
