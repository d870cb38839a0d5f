"""Small parts of a node: waits, addresses, mounts, names, and what it says of itself and of pods."""

from pathlib import Path
from typing import Any

import pytest

from tests.rigs.kubernetes.node import identity, status
from tests.rigs.kubernetes.node.addresses import Addresses, published, reachable
from tests.rigs.kubernetes.node.backoff import Backoff
from tests.rigs.kubernetes.node.hosts import Names, lines_of, own_lines
from tests.rigs.kubernetes.node.lifecycle import Pod, Terminated
from tests.rigs.kubernetes.node.recall import LOST, recalled
from tests.rigs.kubernetes.node.settings import SPOT, Gpus, Image, Settings
from tests.rigs.kubernetes.node.sources import Missing
from tests.rigs.kubernetes.node.volumes import Mount, host_path, instead, write

SETTINGS = Settings(name="n", kubeconfig="k", folder="f")
REPORT = status.Report({"app": "image"}, "10.1.1.2", "127.0.0.1", "2026-01-01T00:00:00Z", "uid")
SLICE: dict[str, Any] = {
    "metadata": {"name": "s-1", "namespace": "n", "labels": {"kubernetes.io/service-name": "s"}},
    "addressType": "IPv4",
    "endpoints": [
        {"addresses": ["10.1.1.2"], "hostname": "a", "conditions": {"ready": True}},
        {"addresses": ["10.1.1.3"], "conditions": {"ready": False}},
    ],
}


def test_waits_double_up_to_their_limit_and_begin_anew_after_a_long_run():
    waits = Backoff(10, 300)
    assert [waits.after(1) for _ in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]
    assert waits.after(601) == 0


def test_pods_of_a_node_have_different_addresses_that_are_not_the_machines_own():
    given = Addresses(seed=1)
    taken = {given.take() for _ in range(200)}
    assert len(taken) == 200
    assert not any(address.startswith("127.0.") for address in taken)
    assert {reachable(published(address)) for address in taken} == taken


def test_nodes_do_not_share_addresses():
    assert Addresses(seed=1).take() != Addresses(seed=2).take()


def test_paths_below_a_mount_are_found_in_words():
    mounts = [Mount("/real/data", "/data"), Mount("/real/sub", "/data/sub"), Mount("/real/x", "/x")]
    assert instead("--in=/data/a:/data/sub/b /database /x", mounts) == (
        "--in=/real/data/a:/real/sub/b /database /real/x"
    )


def test_a_config_map_becomes_files_that_are_links_to_its_data(tmp_path: Path):
    folder = write(tmp_path / "v", {"a": b"1", "deep/b": b"2"}, 0o640)
    assert (folder / "a").read_bytes() == b"1"
    assert (folder / "deep" / "b").read_bytes() == b"2"
    assert (folder / "a").is_symlink()
    assert (folder / "a").stat().st_mode & 0o777 == 0o640


def test_a_host_path_of_another_kind_is_refused(tmp_path: Path):
    assert host_path({"path": str(tmp_path / "new"), "type": "DirectoryOrCreate"}).is_dir()
    with pytest.raises(Missing, match="is not a file"):
        host_path({"path": str(tmp_path), "type": "File"})


def test_only_endpoints_that_are_ready_have_names():
    assert list(lines_of(SLICE, "n")) == [
        "127.1.1.2 a.s a.s.n a.s.n.svc a.s.n.svc.cluster.local s s.n s.n.svc s.n.svc.cluster.local"
    ]
    (from_elsewhere,) = lines_of(SLICE, "other")
    assert " s " not in f"{from_elsewhere} "


def test_a_hosts_file_changes_with_the_endpoints(tmp_path: Path):
    names, file = Names(), tmp_path / "hosts"
    pod = {"metadata": {"namespace": "n"}, "spec": {"subdomain": "s"}}
    names.keep(file, own_lines(pod, "me", "127.1.1.9"), "n")
    assert "127.1.1.9 me.s.n.svc.cluster.local me\n" in file.read_text()
    node = file.stat().st_ino
    names.heard("ADDED", SLICE)
    assert "127.1.1.2 a.s " in file.read_text()
    names.heard("DELETED", SLICE)
    assert "a.s" not in file.read_text()
    assert file.stat().st_ino == node


def test_a_node_says_what_it_has():
    made = SETTINGS.model_copy(update={"gpus": Gpus(count=2), "taints": (SPOT,), "architecture": "arm64"})
    said = identity.node(made)
    assert said["metadata"]["labels"]["nvidia.com/gpu.count"] == "2"
    assert said["metadata"]["labels"]["kubernetes.io/arch"] == "arm64"
    assert said["spec"]["taints"] == [{"key": SPOT.key, "value": "true", "effect": "NoSchedule"}]
    assert identity.capacity(made)["nvidia.com/gpu"] == "2"


def test_images_are_tried_in_order():
    made = SETTINGS.model_copy(update={"images": (Image(pattern="a/*", user=5), Image(pattern="b"))})
    assert [getattr(made.image(name), "user", None) for name in ("a/x:1", "b", "c")] == [5, 0, None]


def test_what_a_node_of_that_name_ran_before_is_lost_and_what_had_ended_is_remembered():
    containers = [{"name": name} for name in ("runs", "ended", "waits", "new")]
    ended = {"exitCode": 3, "reason": "Error", "startedAt": "s", "finishedAt": "f"}
    said = [
        {"name": "runs", "state": {"running": {"startedAt": "s"}}, "restartCount": 2},
        {"name": "ended", "state": {"terminated": ended}, "restartCount": 0},
        {"name": "waits", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended}},
    ]
    pod = recalled({"spec": {"containers": containers}, "status": {"containerStatuses": said}}, "now")
    assert pod.container("runs").ended == Terminated(137, "ContainerStatusUnknown", "s", "now", LOST)
    assert pod.container("runs").restarts == 2
    assert pod.container("ended").ended == pod.container("waits").ended == Terminated(3, "Error", "s", "f")
    assert pod.container("new") == Pod.of({"containers": [{"name": "new"}]}).container("new")


def test_a_condition_that_does_not_change_keeps_its_time():
    pod = Pod.of({"containers": [{"name": "app"}]})
    first = status.body(pod, REPORT, [], "t1")["status"]["conditions"]
    pod = pod.runs("app", "t").probed("app", started=True, ready=True)
    second = {each["type"]: each for each in status.body(pod, REPORT, first, "t2")["status"]["conditions"]}
    assert (second["Ready"]["status"], second["Ready"]["lastTransitionTime"]) == ("True", "t2")
    assert second["Initialized"]["lastTransitionTime"] == "t1"


def test_a_pod_that_has_ended_is_not_ready_for_that_reason():
    pod = Pod.of({"restartPolicy": "Never", "containers": [{"name": "app"}]}).runs("app", "t")
    said = status.body(pod.ends("app", Terminated(2, "Error", "t", "t")), REPORT, [], "t")["status"]
    assert said["phase"] == "Failed"
    reasons = {each["type"]: each["reason"] for each in said["conditions"]}
    assert (reasons["Ready"], reasons["ContainersReady"]) == ("PodFailed", "PodFailed")
    assert said["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 2


def test_a_pod_that_its_node_ends_is_said_to_be_disrupted():
    pod = Pod.of({"containers": [{"name": "app"}]}).fails("Evicted", "no memory")
    said = status.body(pod, REPORT, [], "t", disrupted="no memory")["status"]
    assert (said["phase"], said["reason"]) == ("Failed", "Evicted")
    assert {"DisruptionTarget"} <= {each["type"] for each in said["conditions"]}
