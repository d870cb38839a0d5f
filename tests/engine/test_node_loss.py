"""Nodes that are cut off, come back or start anew, an API server that goes away, and machines that allow no mounts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.pods import FOREVER, becomes, create, ends, log, path, restarts, says, shell, spec, state, up
from tests.rigs.kubernetes.api import Client, Object, Refused
from tests.rigs.kubernetes.faults import BROKEN, LOST_ANSWER, THROTTLED, Faults
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes.node.running import RunningNode
from tests.rigs.kubernetes.plane import Plane

pytestmark = [pytest.mark.engine("Kubernetes"), pytest.mark.slow]

ONLY = {"only": "plain"}


@pytest.fixture(scope="module", autouse=True)
def node(plane: Plane) -> Iterator[RunningNode]:
    with join(plane, "worker") as node:
        yield node


@pytest.fixture(scope="module")
def plain(plane: Plane) -> Iterator[RunningNode]:
    with join(plane, "plain", isolation="none", labels=ONLY) as node:
        yield node


def test_a_node_that_is_cut_off_hears_nothing_until_it_is_back(client: Client, namespace: str, node: RunningNode):
    create(client, namespace, spec(shell(FOREVER)))
    up(client, namespace)
    node.order("lose")
    client.delete(path(namespace, "pod"))
    pod = client.get(path(namespace, "pod"))
    assert "deletionTimestamp" in pod["metadata"]
    assert "running" in state(pod["status"])
    node.order("recover")
    gone(client, namespace)


def test_pods_of_a_node_that_died_are_failed_or_started_again_by_the_next_of_its_name(
    plane: Plane, client: Client, namespace: str
):
    where = {"nodeSelector": {"only": "phoenix"}}
    with join(plane, "phoenix", labels={"only": "phoenix"}) as node:
        create(client, namespace, spec(shell(FOREVER), **where), "once")
        create(client, namespace, {"containers": [shell(FOREVER)], **where}, "always")
        for name in ("once", "always"):
            up(client, namespace, name)
        node.crash()
        with join(plane, "phoenix", labels={"only": "phoenix"}):
            assert ends(client, namespace, "once") == "Failed"
            again = becomes(client, namespace, started_again, "always")
            last = again["status"]["containerStatuses"][0]["lastState"]["terminated"]
            assert (last["exitCode"], last["reason"]) == (137, "ContainerStatusUnknown")
            client.delete(path(namespace, "always"))
            gone(client, namespace, "always")


def test_a_pod_outlives_a_restart_of_the_api_server(plane: Plane, client: Client, namespace: str, tmp_path: Path):
    gate = {"name": "gate", "hostPath": {"path": str(tmp_path)}}
    wait = shell("until test -e /gate/open; do sleep 0.05; done", volumeMounts=[{"name": "gate", "mountPath": "/gate"}])
    create(client, namespace, spec(wait, volumes=[gate]))
    becomes(client, namespace, lambda status: "running" in state(status))
    plane.stop_api_server()
    (tmp_path / "open").touch()
    plane.restart_api_server()
    assert ends(client, namespace) == "Succeeded"
    assert says(client, namespace, spec(shell("echo next")), "next") == "next\n"


def test_a_node_says_again_what_the_api_server_did_not_take(plane: Plane, client: Client, namespace: str):
    user, faults = "system:node:flaky", Faults()
    plane.user(user, ["system:nodes"])
    with join(plane, "flaky", labels={"only": "flaky"}, kubeconfig=str(plane.through(faults, user))):
        faults.inject(THROTTLED, "patch", "pods/status", times=1)
        faults.inject(LOST_ANSWER, "patch", "pods/status", times=1)
        faults.inject(BROKEN, "create", "serviceaccounts/token", times=1)
        faults.inject(LOST_ANSWER, "delete", "pods", times=1)
        says(client, namespace, spec(shell("echo all the same"), nodeSelector={"only": "flaky"}))
        client.delete(path(namespace, "pod"))
        gone(client, namespace)
        said = [seen.action for seen in faults.seen if seen.call.resource == "pods/status"]
        assert said[:3] == [THROTTLED, LOST_ANSWER, None]  # how many follow depends on how much fits into one


@pytest.mark.usefixtures("plain")
def test_where_nothing_can_be_mounted_paths_in_words_and_variables_are_changed(client: Client, namespace: str):
    client.create(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "c"}, "data": {"a": "one"}})
    volumes = [{"name": "c", "configMap": {"name": "c"}}, {"name": "e", "emptyDir": {}}]
    mounts = [{"name": "c", "mountPath": "/etc/c"}, {"name": "e", "mountPath": "/scratch"}]
    env = [{"name": "OUT", "value": "/scratch/out"}]
    main = shell("cat /etc/c/a > $OUT && cat $OUT", volumeMounts=mounts, env=env)
    assert says(client, namespace, spec(main, volumes=volumes, nodeSelector=ONLY)) == "one"


@pytest.mark.usefixtures("plain")
def test_where_there_are_no_namespaces_nothing_is_left_either(client: Client, namespace: str):
    script = "setsid sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' & echo started; exit 5"
    create(client, namespace, spec(shell(script), nodeSelector=ONLY))
    assert ends(client, namespace) == "Failed"
    assert log(client, namespace) == "started\n"


@pytest.mark.usefixtures("plain")
def test_where_there_are_no_namespaces_a_deaf_pod_is_killed_all_the_same(client: Client, namespace: str):
    deaf = shell("trap '' TERM; echo up; while :; do sleep 0.05; done")
    create(client, namespace, spec(deaf, nodeSelector=ONLY, terminationGracePeriodSeconds=1))
    up(client, namespace)
    client.delete(path(namespace, "pod"))
    gone(client, namespace)


def started_again(status: Object) -> bool:
    return restarts(status) == 1 and "running" in state(status)


def gone(client: Client, namespace: str, name: str = "pod") -> None:
    client.until(path(namespace), lambda found: name not in [each["metadata"]["name"] for each in found["items"]])
    with pytest.raises(Refused, match="not found"):
        client.get(path(namespace, name))
