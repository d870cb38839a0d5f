"""Pods run as processes on the rig's node: what a container is told, sees and leaves behind."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.pods import becomes, create, log, ready, says, shell, spec
from tests.rigs.kubernetes.api import Client
from tests.rigs.kubernetes.node.addresses import reachable
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes.node.running import RunningNode
from tests.rigs.kubernetes.node.settings import Gpus
from tests.rigs.kubernetes.plane import Plane

pytestmark = [pytest.mark.engine("Kubernetes"), pytest.mark.slow]

STARTED = {"tcpSocket": {"port": 8081}, "periodSeconds": 1, "failureThreshold": 300}
GPUS = Gpus(count=2, product="NVIDIA-L4", memory_mib=23034)


@pytest.fixture(scope="module", autouse=True)
def node(plane: Plane, shared: Path) -> Iterator[RunningNode]:
    with join(plane, "worker", gpus=GPUS, shared=(str(shared),)) as node:
        yield node


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture
def isolated(node: RunningNode) -> None:
    if node.isolation != "namespaces":
        pytest.skip("this machine allows no mounts: containers see its own files")


def test_a_container_is_told_of_its_pod_its_node_and_its_limits(client: Client, namespace: str):
    fields = ("metadata.name", "metadata.labels['app']", "metadata.annotations['note']", "spec.nodeName")
    env = [{"name": f"F{i}", "valueFrom": {"fieldRef": {"fieldPath": each}}} for i, each in enumerate(fields)]
    limit = {"resource": "limits.memory", "divisor": "1Mi"}
    env += [{"name": "LIMIT", "valueFrom": {"resourceFieldRef": limit}}]
    main = shell("echo $F0 $F1 $F2 $F3 $LIMIT", env=env, resources={"limits": {"memory": "1Gi"}})
    said = says(client, namespace, spec(main), labels={"app": "a"}, annotations={"note": "b"})
    assert said == "pod a b worker 1024\n"


def test_secrets_and_config_maps_become_variables(client: Client, namespace: str):
    client.create(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "c"}, "data": {"A": "1"}})
    client.create(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "s"}, "stringData": {"k": "2"}})
    env = [
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k", "optional": True}}},
        {"name": "D", "value": "$(P_A)-$(B)-$$(B)-$(E)"},
    ]
    main = shell('echo $P_A $B ${C-unset} "$D"', env=env, envFrom=[{"prefix": "P_", "configMapRef": {"name": "c"}}])
    assert says(client, namespace, spec(main)) == "1 2 unset 1-2-$(B)-$(E)\n"


def test_command_and_arguments_are_expanded(client: Client, namespace: str):
    main = {"name": "main", "image": "any", "command": ["echo", "$(A)"], "args": ["$(A)b", "$$(A)"]}
    assert says(client, namespace, spec({**main, "env": [{"name": "A", "value": "x"}]})) == "x xb $(A)\n"


def test_a_container_gets_none_of_the_variables_of_who_runs_it(client: Client, namespace: str):
    names = set(says(client, namespace, spec(shell("env | cut -d= -f1"))).split())
    known = {"PATH", "HOME", "HOSTNAME", "PWD", "SHLVL", "_", "MOORAGE_TEST_SESSION"}
    assert {name for name in names - known if not name.startswith("KUBERNETES_")} == set()


@pytest.mark.usefixtures("isolated")
def test_volumes_are_where_the_container_wants_them(client: Client, namespace: str, tmp_path: Path):
    client.create(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "c"}, "data": {"a.txt": "one"}})
    client.create(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "s"}, "stringData": {"k": "two"}})
    (tmp_path / "three").write_text("three")
    volumes = [
        {"name": "c", "configMap": {"name": "c", "items": [{"key": "a.txt", "path": "x/b.txt"}]}},
        {"name": "s", "secret": {"secretName": "s", "defaultMode": 0o400}},
        {"name": "h", "hostPath": {"path": str(tmp_path)}},
        {"name": "e", "emptyDir": {}},
        {"name": "d", "downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    ]
    places = {"c": "/etc/c", "s": "/var/run/s", "h": "/data", "e": "/scratch", "d": "/etc/pod"}
    main = shell(
        "cat /etc/c/x/b.txt /var/run/s/k /data/three /etc/pod/name; echo four > /data/four; touch /scratch/x",
        volumeMounts=[{"name": name, "mountPath": place} for name, place in places.items()],
    )
    assert says(client, namespace, spec(main, volumes=volumes)) == "onetwothreepod"
    assert (tmp_path / "four").read_text() == "four\n"


@pytest.mark.usefixtures("isolated")
def test_what_a_container_writes_outside_its_volumes_is_its_own(client: Client, namespace: str, tmp_path: Path):
    assert says(client, namespace, spec(shell(f"touch {tmp_path}/mine /mine && ls -d /mine"))) == "/mine\n"
    assert not (tmp_path / "mine").exists()
    assert not Path("/mine").exists()


def test_shared_folders_are_everybodys(client: Client, namespace: str, shared: Path):
    says(client, namespace, spec(shell(f"touch {shared}/{namespace}")))
    assert (shared / namespace).exists()


def test_containers_of_a_pod_share_its_volumes_and_run_after_their_init_containers(client: Client, namespace: str):
    mounts = [{"name": "e", "mountPath": "/scratch"}]
    first = shell("echo first > $(DIR)/word", volumeMounts=mounts) | {"name": "first"}
    first["command"][-1] = "echo first > /scratch/word"
    main = shell("cat /scratch/word", volumeMounts=mounts)
    assert says(client, namespace, spec(main, initContainers=[first], volumes=[{"name": "e", "emptyDir": {}}])) == (
        "first\n"
    )


@pytest.mark.usefixtures("isolated")
def test_the_command_is_process_one_of_a_machine_of_its_own_name(client: Client, namespace: str):
    assert says(client, namespace, spec(shell("echo $$$$ $(hostname)"))) == "1 pod\n"


@pytest.mark.usefixtures("isolated")
def test_a_container_may_run_as_somebody_else_on_a_root_that_is_read_only(client: Client, namespace: str):
    security = {"runAsUser": 1000, "runAsGroup": 1000, "runAsNonRoot": True, "readOnlyRootFilesystem": True}
    main = shell("id -u; python -c 'print(6 * 7)'; touch /x 2>/dev/null || echo no", securityContext=security)
    assert says(client, namespace, spec(main)) == "1000\n42\nno\n"


def test_a_pod_can_talk_to_the_api_server_as_its_service_account(client: Client, namespace: str):
    script = """
import os, ssl, urllib.request
place = "/var/run/secrets/kubernetes.io/serviceaccount/"
url = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
body = b'{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}'
headers = {"Authorization": "Bearer " + open(place + "token").read(), "Content-Type": "application/json"}
request = urllib.request.Request(url + "/apis/authentication.k8s.io/v1/selfsubjectreviews", body, headers)
context = ssl.create_default_context(cafile=place + "ca.crt")
print(urllib.request.urlopen(request, context=context).read().decode())
"""
    main = {"name": "main", "image": "any", "command": ["python", "-c", script]}
    said = json.loads(says(client, namespace, spec(main)))
    assert said["status"]["userInfo"]["username"] == f"system:serviceaccount:{namespace}:default"


def test_a_gpu_node_is_labelled_and_hands_out_its_gpus(client: Client, namespace: str):
    labels = client.get("/api/v1/nodes/worker")["metadata"]["labels"]
    assert labels["nvidia.com/gpu.product"] == "NVIDIA-L4"
    main = shell("echo $NVIDIA_VISIBLE_DEVICES", resources={"limits": {"nvidia.com/gpu": "2"}})
    wanted = {"nvidia.com/gpu.product": "NVIDIA-L4", "kubernetes.io/arch": "amd64"}
    assert says(client, namespace, spec(main, nodeSelector=wanted)) == "GPU-worker-0,GPU-worker-1\n"


@pytest.mark.usefixtures("isolated")
def test_pods_that_serve_on_all_addresses_do_not_get_into_each_others_way(client: Client, namespace: str):
    probe = {"httpGet": {"port": 8080}, "periodSeconds": 1}
    for name in ("one", "two"):
        serve = f"mkdir /www; echo {name} > /www/index.html; exec python -m http.server 8080 --directory /www"
        create(client, namespace, spec(shell(serve, readinessProbe=probe)), name)
    addresses = {name: becomes(client, namespace, ready, name)["status"]["podIP"] for name in ("one", "two")}
    for name, address in addresses.items():
        ask = f"import urllib.request as r; print(r.urlopen('http://{reachable(address)}:8080').read().decode())"
        assert says(client, namespace, spec(shell(f'python -c "{ask}"')), f"asks-{name}").strip() == name


@pytest.mark.usefixtures("isolated")
def test_containers_of_a_pod_find_each_other_at_localhost(client: Client, namespace: str):
    ask = "import urllib.request as r; r.urlopen('http://localhost:8081').read(); print('found')"
    server = shell("exec python -m http.server 8081", startupProbe=STARTED) | {"name": "server"}
    made = spec(shell(f'python -c "{ask}"'), initContainers=[{**server, "restartPolicy": "Always"}])
    assert says(client, namespace, {**made, "terminationGracePeriodSeconds": 0}) == "found\n"


def test_logs_are_given_out_as_they_are_asked_for(client: Client, namespace: str):
    assert says(client, namespace, spec(shell("echo one; echo two >&2; echo three; printf four"))).endswith("four")
    assert log(client, namespace, tailLines="2") == "three\nfour"
    assert log(client, namespace, limitBytes="5") == "one\nt"
    stamped = log(client, namespace, timestamps="true").splitlines()
    assert log(client, namespace, sinceTime=stamped[-1].split()[0].split(".")[0] + "Z").endswith("four")
    assert [line.split(" ", 1)[1] for line in stamped] == ["one", "two", "three", "four"]


def test_a_log_can_be_followed_to_its_end(client: Client, namespace: str, shared: Path):
    gate = shared / f"gate-{namespace}"
    os.mkfifo(gate)
    create(client, namespace, spec(shell(f"echo before; cat {gate}; echo after")))
    client.until(f"/api/v1/namespaces/{namespace}/pods/pod", lambda pod: pod["status"]["phase"] == "Running")
    gate.write_text("through\n")
    assert log(client, namespace, follow="true") == "before\nthrough\nafter\n"


def test_the_last_words_of_a_container_are_in_its_status(client: Client, namespace: str):
    says(client, namespace, spec(shell("echo bye > /dev/termination-log")))
    pod = client.get(f"/api/v1/namespaces/{namespace}/pods/pod")
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"] == "bye\n"
