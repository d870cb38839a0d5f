"""How pods live and end on the rig's node: probes, restarts, grace, and what goes wrong on demand."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.pods import (
    FOREVER,
    POD_IP,
    SERVE,
    becomes,
    condition,
    create,
    ends,
    log,
    path,
    ready,
    restarts,
    shell,
    spec,
    state,
    up,
    waiting,
)  # fmt: skip
from tests.leftovers import MARK, left_processes
from tests.rigs.kubernetes.api import PATIENCE_SECONDS, Client, Object
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes.node.running import RunningNode
from tests.rigs.kubernetes.plane import Plane

pytestmark = [pytest.mark.engine("Kubernetes"), pytest.mark.slow]

SCRATCH: Object = {"name": "scratch", "mountPath": "/scratch"}
VOLUMES = [{"name": "scratch", "emptyDir": {}}]


@pytest.fixture(scope="module", autouse=True)
def node(plane: Plane) -> Iterator[RunningNode]:
    with join(plane, "worker") as node:
        yield node


def test_a_pod_fails_with_the_exit_code_of_its_container(client: Client, namespace: str):
    create(client, namespace, spec(shell("exit 3")))
    assert ends(client, namespace) == "Failed"
    ended = terminated(client, namespace)
    assert (ended["exitCode"], ended["reason"]) == (3, "Error")


def test_a_signal_is_128_more_than_its_number(client: Client, namespace: str):
    create(client, namespace, spec(shell("sh -c 'kill -SEGV $$$$'; exit $?")))
    ends(client, namespace)
    assert terminated(client, namespace)["exitCode"] == 128 + signal.SIGSEGV


def test_a_command_that_is_not_there_never_starts(client: Client, namespace: str):
    create(client, namespace, spec({"name": "main", "image": "any", "command": ["no-such-program"]}))
    assert ends(client, namespace) == "Failed"
    ended = terminated(client, namespace)
    assert (ended["exitCode"], ended["reason"]) == (128, "StartError")
    assert "executable file not found" in ended["message"]


def test_an_init_container_that_fails_fails_the_pod(client: Client, namespace: str):
    first = shell("exit 4") | {"name": "first"}
    create(client, namespace, spec(shell("echo never"), initContainers=[first]))
    assert ends(client, namespace) == "Failed"
    status = client.get(path(namespace, "pod"))["status"]
    assert state(status, kind="initContainerStatuses")["terminated"]["exitCode"] == 4
    assert waiting(status) == "PodInitializing"


def test_a_sidecar_starts_first_and_goes_last(client: Client, namespace: str):
    probe = {"exec": {"command": ["test", "-e", "/scratch/up"]}, "periodSeconds": 1, "failureThreshold": 300}
    beside = hears() | {"name": "beside", "restartPolicy": "Always", "startupProbe": probe}
    create(client, namespace, spec(shell("echo main"), initContainers=[beside], volumes=VOLUMES))
    assert ends(client, namespace) == "Succeeded"
    assert log(client, namespace, container="beside") == "up\n"


def test_a_container_that_crashes_is_started_again_after_ever_longer_waits(client: Client, namespace: str):
    create(client, namespace, {"containers": [shell("echo run; exit 1")]})
    pod = becomes(client, namespace, lambda status: restarts(status) >= 2 and waiting(status) == "CrashLoopBackOff")
    assert pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 1
    assert log(client, namespace, previous="true") == "run\n"


def test_a_container_that_failed_runs_to_success_on_failure(client: Client, namespace: str):
    script = "test -e $MARKER && exit 0; touch $MARKER; exit 1"
    main = shell(script, volumeMounts=[SCRATCH], env=[{"name": "MARKER", "value": "/scratch/marker"}])
    create(client, namespace, spec(main, volumes=VOLUMES, restartPolicy="OnFailure"))
    assert ends(client, namespace) == "Succeeded"
    assert restarts(client.get(path(namespace, "pod"))["status"]) == 1


def test_a_pod_is_ready_when_its_probe_says_so(client: Client, namespace: str, tmp_path: Path):
    gate = tmp_path / "index"
    probe = {"exec": {"command": ["test", "-e", "/gate/index"]}, "periodSeconds": 1}
    main = shell("sleep 60", readinessProbe=probe, volumeMounts=[{"name": "gate", "mountPath": "/gate"}])
    create(client, namespace, spec(main, volumes=[{"name": "gate", "hostPath": {"path": str(tmp_path)}}]))
    pod = becomes(client, namespace, lambda status: "running" in state(status))
    assert condition(pod["status"], "Ready")["reason"] == "ContainersNotReady"
    gate.touch()
    becomes(client, namespace, ready)
    gate.unlink()
    becomes(client, namespace, lambda status: not ready(status))


def test_an_http_probe_asks_the_pod_at_its_own_address(client: Client, namespace: str):
    get = {"httpGet": {"path": "/", "port": "web"}, "periodSeconds": 1}
    ports = [{"name": "web", "containerPort": 8080}]
    server = shell(SERVE, env=[POD_IP], ports=ports, readinessProbe=get, startupProbe={**get, "failureThreshold": 100})
    for name in ("one", "two"):
        create(client, namespace, spec(server), name)
    for name in ("one", "two"):
        becomes(client, namespace, ready, name)


def test_a_container_that_fails_its_liveness_probe_is_killed_and_started_again(client: Client, namespace: str):
    probe = {"exec": {"command": ["test", "!", "-e", "/scratch/up"]}, "periodSeconds": 1, "failureThreshold": 2}
    create(client, namespace, {"containers": [hears() | {"livenessProbe": probe}], "volumes": VOLUMES})
    pod = becomes(client, namespace, lambda status: restarts(status) >= 1)
    assert pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 7


def test_a_pod_that_is_deleted_may_end_in_its_own_way(client: Client, namespace: str):
    create(client, namespace, spec(shell(FOREVER)), finalizers=["test/kept"])
    up(client, namespace)
    client.delete(path(namespace, "pod"))
    assert ends(client, namespace) == "Failed"
    assert terminated(client, namespace)["exitCode"] == 7
    client.merge(path(namespace, "pod"), {"metadata": {"finalizers": None}})


def test_a_pod_may_say_good_bye_before_it_is_asked_to_end(client: Client, namespace: str, tmp_path: Path):
    hook = {"preStop": {"exec": {"command": ["sh", "-c", "id -u > /out/bye"]}}}
    mounts = [{"name": "out", "mountPath": "/out"}]
    main = shell(FOREVER, lifecycle=hook, volumeMounts=mounts, securityContext={"runAsUser": 1234})
    tmp_path.chmod(0o777)
    create(client, namespace, spec(main, volumes=[{"name": "out", "hostPath": {"path": str(tmp_path)}}]))
    up(client, namespace)
    client.delete(path(namespace, "pod"))
    client.until(path(namespace), lambda found: not found["items"])
    assert (tmp_path / "bye").read_text() == "1234\n"


def test_a_pod_that_is_deaf_is_killed_when_its_grace_is_over(client: Client, namespace: str):
    deaf = spec(shell("trap '' TERM; echo up; while :; do sleep 0.05; done"), terminationGracePeriodSeconds=1)
    create(client, namespace, deaf, finalizers=["test/kept"])
    up(client, namespace)
    client.delete(path(namespace, "pod"))
    ends(client, namespace)
    assert terminated(client, namespace)["exitCode"] == 137
    client.merge(path(namespace, "pod"), {"metadata": {"finalizers": None}})


def test_a_pod_that_takes_too_long_is_ended(client: Client, namespace: str):
    create(client, namespace, spec(shell(FOREVER), activeDeadlineSeconds=1))
    assert ends(client, namespace) == "Failed"
    assert client.get(path(namespace, "pod"))["status"]["reason"] == "DeadlineExceeded"


def test_a_container_waits_for_what_it_refers_to(client: Client, namespace: str):
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "late", "key": "k"}}}]
    create(client, namespace, spec(shell("echo $A", env=env)))
    pod = becomes(client, namespace, lambda status: waiting(status) == "CreateContainerConfigError")
    assert state(pod["status"])["waiting"]["message"] == 'secret "late" not found'
    client.create(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "late"}, "stringData": {"k": "v"}})
    assert ends(client, namespace) == "Succeeded"


def test_an_image_that_cannot_be_pulled_keeps_its_pod_waiting(client: Client, namespace: str, node: RunningNode):
    node.order("break_images", pattern="broken/*")
    create(client, namespace, spec(shell("echo pulled") | {"image": "broken/image:1"}))
    becomes(client, namespace, lambda status: waiting(status) == "ImagePullBackOff")
    node.order("mend_images", pattern="broken/*")
    assert ends(client, namespace) == "Succeeded"


def test_a_slow_node_leaves_its_pods_pending(client: Client, namespace: str, node: RunningNode):
    node.order("hold")
    create(client, namespace, spec(shell("echo at last")))
    becomes(client, namespace, lambda status: waiting(status) == "ContainerCreating")
    node.order("release")
    assert ends(client, namespace) == "Succeeded"


def test_a_container_without_memory_is_killed_and_said_to_be(client: Client, namespace: str, node: RunningNode):
    create(client, namespace, spec(shell(FOREVER)))
    up(client, namespace)
    node.order("exhaust", namespace=namespace, pod="pod", container="main")
    ends(client, namespace)
    ended = terminated(client, namespace)
    assert (ended["exitCode"], ended["reason"]) == (137, "OOMKilled")


def test_a_container_that_takes_more_memory_than_it_may_is_killed(client: Client, namespace: str):
    greedy = ["python", "-c", "kept = bytearray(1 << 28); import time; time.sleep(60)"]
    main = {"name": "main", "image": "any", "command": greedy, "resources": {"limits": {"memory": "128Mi"}}}
    create(client, namespace, spec(main))
    ends(client, namespace)
    assert terminated(client, namespace)["reason"] == "OOMKilled"


def test_a_pod_that_its_node_evicts_says_why(client: Client, namespace: str, node: RunningNode):
    create(client, namespace, spec(shell(FOREVER)))
    up(client, namespace)
    node.order("evict", namespace=namespace, pod="pod", message="The node was low on resource: memory.")
    assert ends(client, namespace) == "Failed"
    status = client.get(path(namespace, "pod"))["status"]
    assert (status["reason"], status["message"]) == ("Evicted", "The node was low on resource: memory.")
    assert condition(status, "DisruptionTarget")["reason"] == "TerminationByKubelet"


def test_a_pod_is_evicted_through_the_api(client: Client, namespace: str):
    create(client, namespace, spec(shell(FOREVER)), finalizers=["test/kept"])
    up(client, namespace)
    client.create(f"{path(namespace, 'pod')}/eviction", {"metadata": {"name": "pod"}})
    assert ends(client, namespace) == "Failed"
    status = client.get(path(namespace, "pod"))["status"]
    assert condition(status, "DisruptionTarget")["reason"] == "EvictionByEvictionAPI"
    client.merge(path(namespace, "pod"), {"metadata": {"finalizers": None}})


def test_nothing_of_a_pod_is_left_when_its_node_is_killed(plane: Plane, client: Client, namespace: str):
    with join(plane, "doomed", labels={"only": "doomed"}) as node:
        script = "echo up; setsid sleep 1000 & setsid sh -c 'trap \"\" TERM; sleep 1000' & sleep 1000"
        create(client, namespace, spec(shell(script), nodeSelector={"only": "doomed"}))
        up(client, namespace)
        node.crash()
        assert gone("sleep 1000")


def test_a_node_ends_with_the_process_that_started_it(plane: Plane, tmp_path: Path):
    settings = tmp_path / "settings.json"
    starter = f"""
import os, sys
from tests.rigs.kubernetes.node.running import RunningNode
from tests.rigs.kubernetes.node.settings import Settings
node = RunningNode(Settings(name="orphan", kubeconfig={str(plane.kubeconfig)!r}, folder={str(tmp_path)!r}))
os.kill(os.getpid(), 9)
"""
    started = subprocess.run([sys.executable, "-c", starter], cwd=Path(__file__).parents[2], check=False)
    assert started.returncode == -9
    assert gone(str(settings))
    plane.client().delete("/api/v1/nodes/orphan")


def hears() -> Object:
    """Return a container that leaves `/scratch/up` when it can hear signals, and ends by SIGTERM only, with 7."""
    return shell("trap 'exit 7' TERM; echo up; touch /scratch/up; while :; do sleep 0.05; done", volumeMounts=[SCRATCH])


def gone(words: str) -> bool:
    """Return whether no process of this session has these words any more, a moment being granted."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(words in each for each in left_processes(os.environ[MARK]).values()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def terminated(client: Client, namespace: str) -> Object:
    found: Object = state(client.get(path(namespace, "pod"))["status"])["terminated"]
    return found
