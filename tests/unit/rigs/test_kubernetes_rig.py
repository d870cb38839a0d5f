"""What the Kubernetes rig decides without a Kubernetes: which call a request is, what it meets, whose a port is."""

import socket

import pytest

from tests.rigs.kubernetes.faults import BROKEN, THROTTLED, Answer, Call, Faults, Rule, call_of
from tests.rigs.kubernetes.ports import Port

JOBS = "/apis/batch/v1/namespaces/team/jobs"
CALLS = {
    ("GET", f"{JOBS}?limit=500"): Call("list", "jobs", "team"),
    ("GET", f"{JOBS}?watch=true&resourceVersion=7"): Call("watch", "jobs", "team"),
    ("GET", f"{JOBS}?watch=0"): Call("list", "jobs", "team"),
    ("GET", f"{JOBS}/train"): Call("get", "jobs", "team", "train"),
    ("POST", JOBS): Call("create", "jobs", "team"),
    ("PUT", f"{JOBS}/train"): Call("update", "jobs", "team", "train"),
    ("PATCH", f"{JOBS}/train/status"): Call("patch", "jobs/status", "team", "train"),
    ("DELETE", f"{JOBS}/train"): Call("delete", "jobs", "team", "train"),
    ("DELETE", JOBS): Call("deletecollection", "jobs", "team"),
    ("GET", "/api/v1/namespaces/team/pods/train-0/log?follow=true"): Call("get", "pods/log", "team", "train-0"),
    ("GET", "/api/v1/pods"): Call("list", "pods"),
    ("GET", "/api/v1/nodes/gpu"): Call("get", "nodes", None, "gpu"),
    ("GET", "/api/v1/namespaces"): Call("list", "namespaces"),
    ("GET", "/api/v1/namespaces/team"): Call("get", "namespaces", None, "team"),
    ("PUT", "/api/v1/namespaces/team/finalize"): Call("update", "namespaces/finalize", None, "team"),
    ("GET", "/apis/batch/v1"): Call("get", "/apis/batch/v1"),
    ("GET", "/api"): Call("get", "/api"),
    ("GET", "/readyz?verbose"): Call("get", "/readyz"),
    ("GET", "/"): Call("get", "/"),
}
GET = Call("get", "pods", "team", "train-0")


def met(faults: Faults, call: Call = GET, times: int = 1) -> list[bool]:
    return [faults.meet(call) is not None for _ in range(times)]


@pytest.mark.parametrize(("method", "target"), CALLS)
def test_a_request_is_the_call_that_rbac_sees(method: str, target: str):
    assert call_of(method, target) == CALLS[method, target]


@pytest.mark.parametrize("other", ["verb", "resource", "namespace", "name"])
def test_a_rule_covers_what_it_does_not_exclude(other: str):
    assert Rule(BROKEN).covers(GET)
    assert not Rule(BROKEN, **{other: "another"}).covers(GET)  # type: ignore[arg-type]


def test_the_first_rule_that_covers_a_call_decides():
    faults = Faults(Rule(THROTTLED, "list"), Rule(BROKEN, times=1), Rule(THROTTLED))
    assert [faults.meet(GET) for _ in range(2)] == [BROKEN, THROTTLED]


def test_a_rule_may_let_some_calls_pass_and_then_break_a_few():
    faults = Faults(Rule(Answer(503), skip=1, times=2))
    assert met(faults, times=5) == [False, True, True, False, False]


def test_the_same_seed_breaks_the_same_calls():
    one, same, other = (met(Faults(Rule(BROKEN, probability=0.5), seed=seed), times=20) for seed in (1, 1, 2))
    assert one == same != other


def test_calls_are_counted_by_what_they_are_and_kept_when_the_rules_go():
    faults = Faults(Rule(BROKEN))
    met(faults, times=2)
    faults.clear()
    assert met(faults, Call("list", "pods")) == [False]
    assert (faults.count(), faults.count("get"), faults.count("list", "pods"), faults.count("get", "jobs")) == (
        3,
        2,
        1,
        0,
    )


def test_a_port_is_nobody_elses_until_its_server_listens():
    port = Port()
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", port.number))
    with socket.create_server(("127.0.0.1", port.number)) as server:  # which allows reuse, as servers do
        assert server.getsockname()[1] == port.number
    port.close()
