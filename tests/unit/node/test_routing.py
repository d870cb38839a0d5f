"""Which pod a request goes to."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rigs.kubernetes.routing import Request, Table, Turns, Unroutable


def table(**services: list[str]) -> Table:
    made = Table()
    for name, addresses in services.items():
        meta = {"name": name, "namespace": "n"}
        made.heard("Service", "ADDED", {"metadata": meta, "spec": {"ports": [{"port": 80, "name": "web"}]}})
        endpoints = [{"addresses": [address], "conditions": {"ready": True}} for address in addresses]
        labelled = {**meta, "labels": {"kubernetes.io/service-name": name}}
        ports = [{"name": "web", "port": 8080}, {"name": "other", "port": 9}]
        made.heard("EndpointSlice", "ADDED", {"metadata": labelled, "ports": ports, "endpoints": endpoints})
    return made


def with_route(made: Table, *rules: dict[str, Any], host: str = "web.example") -> Table:
    spec = {"hostnames": [host], "rules": list(rules)}
    made.heard("HTTPRoute", "ADDED", {"metadata": {"name": "r", "namespace": "n"}, "spec": spec})
    return made


def to(*names: str, **more: Any) -> dict[str, Any]:
    return {"backendRefs": [{"name": name, "port": 80} for name in names], **more}


def asks(made: Table, host: str, path: str = "/", **headers: str) -> str:
    return made.addresses(Request(host, path, headers))[0][0]


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 20), min_size=1).filter(lambda w: any(w.values())))
def test_each_gets_exactly_its_share_in_every_round(weights: dict[str, int]):
    turns = Turns()
    for _ in range(2):
        round_ = Counter(turns.next(weights) for _ in range(sum(weights.values())))
        assert round_ == Counter({name: weight for name, weight in weights.items() if weight})


@pytest.mark.parametrize("host", ["a.n", "a.n:80", "a.n.svc", "a.n.svc.cluster.local:80"])
def test_a_service_is_found_by_each_of_its_names(host: str):
    assert asks(table(a=["10.1.1.2"]), host) == "127.1.1.2"


def test_pods_of_a_service_take_turns():
    made = table(a=["10.1.1.2", "10.1.1.3"])
    assert Counter(asks(made, "a.n") for _ in range(10)) == {"127.1.1.2": 5, "127.1.1.3": 5}


def test_a_pod_that_is_not_ready_gets_nothing():
    made = table(a=["10.1.1.2"])
    labelled = {"name": "a", "namespace": "n", "labels": {"kubernetes.io/service-name": "a"}}
    endpoints = [{"addresses": ["10.1.1.2"], "conditions": {"ready": False}}]
    changed = {"metadata": labelled, "ports": [{"name": "web", "port": 8080}], "endpoints": endpoints}
    made.heard("EndpointSlice", "MODIFIED", changed)
    with pytest.raises(Unroutable, match="no ready endpoint"):
        asks(made, "a.n")


def test_routes_match_by_path_and_header_in_their_order():
    made = table(a=["10.1.1.1"], b=["10.1.1.2"], c=["10.1.1.3"])
    header = {"headers": [{"name": "X-User", "value": "me"}]}
    with_route(made, to("a", matches=[{"path": {"value": "/api"}}]), to("b", matches=[header]), to("c"))
    assert asks(made, "web.example", "/api/x?y=1") == "127.1.1.1"
    assert asks(made, "web.example", "/apix") == "127.1.1.3"
    assert asks(made, "web.example", "/", **{"x-user": "me"}) == "127.1.1.2"


def test_a_star_takes_every_host_below():
    made = with_route(table(a=["10.1.1.1"]), to("a"), host="*.example")
    assert asks(made, "any.example") == "127.1.1.1"


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        (to("none"), 500),
        (to("a", filters=[{"type": "URLRewrite"}]), 501),
        (to("a", matches=[{"path": {"type": "Exact", "value": "/other"}}]), 404),
        ({"backendRefs": [{"name": "a", "port": 80, "weight": 0}]}, 500),
        (to("a") | {"backendRefs": [{"name": "a", "port": 81}]}, 503),
    ],
)
def test_what_cannot_be_routed_says_why(rule: dict[str, Any], status: int):
    with pytest.raises(Unroutable) as seen:
        asks(with_route(table(a=["10.1.1.1"]), rule), "web.example")
    assert seen.value.status == status
