"""The control plane of the rig can be broken on purpose, in each of the ways that its faults name, and mended."""

import threading
import time
from typing import Any

import pytest

from tests.rigs.kubernetes.api import Client, Refused
from tests.rigs.kubernetes.faults import (
    BROKEN,
    LOST_ANSWER,
    NEVER_ARRIVED,
    SILENT,
    THROTTLED,
    Call,
    Delay,
    Faults,
    Silence,
)
from tests.rigs.kubernetes.plane import Plane

pytestmark = [pytest.mark.engine("Kubernetes"), pytest.mark.slow]

MAPS = "/api/v1/namespaces/default/configmaps"
NAMESPACE = "/api/v1/namespaces/default"
SHORT_SECONDS = 0.3
QUIET_SECONDS = 2.0
"""Long enough for what comes before the silence, on a machine that does much else."""


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def client(plane: Plane, faults: Faults) -> Client:
    return plane.client(through=faults)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name).removeprefix("test_").replace("_", "-")


def make_map(client: Client, name: str) -> Any:
    return client.create(MAPS, {"metadata": {"name": name}})


def names(client: Client) -> set[str]:
    return {each["metadata"]["name"] for each in client.get(MAPS)["items"]}


def test_calls_pass_and_are_recorded_by_verb_and_resource(client: Client, faults: Faults, name: str):
    make_map(client, name)
    client.merge(f"{MAPS}/{name}", {"data": {"a": "b"}})
    client.delete(f"{MAPS}/{name}")
    verbs = [each.call.verb for each in faults.seen]
    assert verbs == ["create", "patch", "delete"]
    assert faults.seen[1].call == Call("patch", "configmaps", "default", name)
    assert faults.count("patch", "configmaps") == 1


def test_who_calls_through_the_faults_is_still_who_they_are(plane: Plane, faults: Faults):
    plane.user("nobody", ["strangers"])
    with pytest.raises(Refused, match='User "nobody" cannot list resource "configmaps"'):
        plane.client("nobody", through=faults).get(MAPS)


def test_a_kubeconfig_leads_through_the_faults(plane: Plane, faults: Faults):
    assert plane.through(faults) != plane.kubeconfig
    assert plane.url not in plane.through(faults).read_text()


def test_a_throttled_call_is_told_when_to_come_back(client: Client, faults: Faults, name: str):
    faults.inject(THROTTLED, "create", "configmaps", times=1)
    with pytest.raises(Refused, match="429 TooManyRequests"):
        make_map(client, name)
    assert make_map(client, name)["metadata"]["name"] == name


def test_a_broken_server_answers_500_to_that_resource_alone(client: Client, faults: Faults):
    faults.inject(BROKEN, resource="configmaps")
    with pytest.raises(Refused, match="500 InternalError"):
        client.get(MAPS)
    assert client.get(NAMESPACE)


def test_a_reset_before_the_server_has_done_nothing(plane: Plane, client: Client, faults: Faults, name: str):
    faults.inject(NEVER_ARRIVED, "create")
    with pytest.raises(ConnectionError):
        make_map(client, name)
    assert name not in names(plane.client())


def test_a_reset_after_the_server_has_done_it(plane: Plane, client: Client, faults: Faults, name: str):
    faults.inject(LOST_ANSWER, "create")
    with pytest.raises(ConnectionError):
        make_map(client, name)
    assert name in names(plane.client())


def test_a_delayed_call_comes_late(client: Client, faults: Faults):
    faults.inject(Delay(SHORT_SECONDS), "get", "namespaces")
    began = time.monotonic()
    client.get(NAMESPACE)
    assert time.monotonic() - began >= SHORT_SECONDS


def test_a_watch_gets_events_as_they_come(client: Client, name: str):
    events = client.watch(MAPS, fieldSelector=f"metadata.name={name}")
    threading.Timer(0, make_map, (client, name)).start()
    assert next(events)["type"] == "ADDED"
    events.close()  # type: ignore[attr-defined]


def test_a_silent_watch_is_accepted_and_says_nothing(plane: Plane, client: Client, faults: Faults):
    faults.inject(SILENT, "watch")
    with pytest.raises(TimeoutError):
        next(plane.client(through=faults, answer_seconds=QUIET_SECONDS).watch(MAPS))
    assert client.get(NAMESPACE)


def test_a_watch_may_go_silent_after_some_events(plane: Plane, faults: Faults):
    faults.inject(Silence(events=2), "watch")
    for number in range(3):
        make_map(plane.client(), f"event-{number}")
    events = plane.client(through=faults, answer_seconds=QUIET_SECONDS).watch(MAPS)
    assert [next(events)["type"] for _ in range(2)] == ["ADDED", "ADDED"]
    with pytest.raises(TimeoutError):
        next(events)


def test_a_watch_that_is_refused_is_not_silent(plane: Plane, faults: Faults):
    faults.inject(SILENT, "watch")
    plane.user("stranger")
    with pytest.raises(Refused, match="cannot watch"):
        next(plane.client("stranger", through=faults).watch(MAPS))


def test_without_etcd_the_server_does_nothing_and_with_it_knows_what_it_knew(plane: Plane, name: str):
    make_map(plane.client(), name)
    plane.stop_etcd()
    with pytest.raises((Refused, TimeoutError)):
        plane.client(answer_seconds=SHORT_SECONDS).get(MAPS)
    plane.start_etcd()
    assert name in names(plane.client())


def test_a_server_that_was_restarted_is_where_it_was_and_knows_what_it_knew(plane: Plane, name: str):
    make_map(plane.client(), name)
    plane.stop_api_server()
    with pytest.raises(ConnectionRefusedError):
        plane.client().get(MAPS)
    plane.restart_api_server()
    assert name in names(plane.client())


def test_a_watch_ends_with_the_server(plane: Plane, client: Client):
    watches = [plane.client().watch(MAPS), client.watch(MAPS)]
    for events in watches:
        next(events)
    plane.restart_api_server()
    for events in watches:
        list(events)
