"""A stack's settings: what is wrong is named by its path and its line, all at once, before any SDK is loaded."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from moorage.errors import Problem, TargetError
from moorage_infra.config import KubernetesSettings, LocalSettings, read_settings
from tests.infra.stacks import NAMES, ROOT, said, settings

FILE = Path("stacks", "Pulumi.onprem.yaml")
Change = Callable[[dict[str, Any]], object]


def problems(change: Change) -> list[Problem]:
    wrong = copy.deepcopy(said("onprem"))
    change(wrong)
    with pytest.raises(TargetError) as caught:
        read_settings("moorage", wrong, FILE, ROOT)
    return list(caught.value.problems)


def set_to(*path: str | int, value: object) -> Change:
    def change(said: Any) -> None:
        *above, last = path
        for part in above:
            said = said[part]
        said[last] = value

    return change


@pytest.mark.parametrize("stack", NAMES)
def test_the_stacks_of_this_repository_say_nothing_wrong(stack: str) -> None:
    assert isinstance(settings(stack), KubernetesSettings)


MISTAKES: list[tuple[Change, str, str]] = [
    (lambda said: said.pop("quota"), "`moorage:environment.quota` is missing", "add it: what the namespace may hold"),
    (set_to("namespce", value="x"), "`moorage:environment.namespce` is no key that", "did you mean 'namespace'?"),
    (set_to("namespace", value="default"), "namespace` cannot be: 'default' is the cluster's own", "choose a new name"),
    (set_to("namespace", value="kube-system"), "'kube-system' is the cluster's own", "choose a new name"),
    (
        set_to("flavours", 1, "gpu", "per_nod", value=4),
        "`moorage:environment.flavours.1.gpu.per_nod` is no key that",
        "did you mean 'per_node'?",
    ),
    (set_to("quota", "cpu", value="16 cores"), "`moorage:environment.quota.cpu` cannot be: '16 cores' is not", "500m"),
    (set_to("quota", "cpu", value="4Gi"), "quota.cpu` cannot be: '4Gi' is more CPUs than", "write a number of CPUs"),
    (set_to("quota", "memory", value="512m"), "is in thousandths of a byte", "did you mean '512Mi'?"),
    (set_to("quota", "memory", value=64), "quota.memory` cannot be: '64' is less than 1Mi", "write a unit"),
    (set_to("quota", "memory", value="8Ei"), "is more than Kubernetes can count", "less than 8Ei"),
    (set_to("quota", "memory", value=True), "quota.memory` cannot be: True is not a quantity", "16Gi"),
    (set_to("quota", "pods", value="many"), "quota.pods` is 'many'", "write a whole number"),
    (set_to("quota", "pods", value=-1), "quota.pods` is -1", "write at least 0"),
    (set_to("flavours", 0, "name", value="Big One"), "flavours.0.name` is 'Big One'", "lower-case letters"),
    (set_to("flavours", value=[]), "`moorage:environment.flavours` is an empty list", "write at least one entry"),
    (set_to("flavours", 0, "quota", value=8), "flavours.0.quota` is 8", "write a mapping"),
    (set_to("flavours", 0, "labels", value={}), "flavours.0.labels` is an empty mapping", "write at least one entry"),
    (set_to("flavours", 1, "name", value="cpu"), "two flavours are called 'cpu'", "rename one"),
    (set_to("flavours", 1, "quota", "gpus", value=0), "has GPUs, and none may be used", "add `gpus: N`"),
    (set_to("flavours", 0, "quota", "gpus", value=2), "has a quota of GPUs, and no `gpu`", "say which they are"),
    (lambda said: said.pop("spot"), "the flavour 'a100-spot' is of spot machines", "say with `spot` how"),
    (set_to("quota", "cpu", value=100), "the flavours add up to 224 CPUs", "raise `quota`"),
    (set_to("quota", "gpus", value={"nvidia.com/gpu": 4}), "add up to 16 nvidia.com/gpu", "raise `quota.gpus`"),
    (set_to("labels", value={"team": 4711}), "labels.team` is 4711", "in quotes"),
    (set_to("labels", value={"a b": "c"}), "labels.a b` is 'a b'", "a label's key"),
    (set_to("labels", value={"moorage.dev/run": "c"}), "moorage's own", "choose another key"),
    (set_to("store", "uri", value="/data"), "no place that steps of a cluster can reach", "s3://"),
    (set_to("store", "uri", value="s3://key:secret@bucket"), "carries more than a place", "credentials into"),
    (set_to("store", "endpoint", value="http://store"), "'http://store' goes without TLS", "https://"),
    (set_to("store", "endpoint", value="store:9000"), "is not an address of a service", "https://host"),
    (set_to("store", "uri", value="gs://bucket"), "are for s3:// only", "remove them"),
    (set_to("network", "store", value={"ports": [443]}), "names nobody, or two", "exactly one of"),
    (set_to("network", "store", "networks", value=["10.0.0.0/33"]), "is not a network", "10.20.0.0/16"),
    (set_to("network", "store", "networks", value=["10.0.0.1/8"]), "has host bits set", "10.20.0.0/16"),
    (set_to("network", "store", "ports", value=["443"]), "ports.0` is '443'", "a whole number"),
    (set_to("network", "store", "ports", value=[70000]), "ports.0` is 70000", "at most 65535"),
    (set_to("limits", "largest", value={"cpu": "100m", "memory": "1Gi"}), "`default` is more than", "lower the one"),
    (set_to("devices", "plugin", "image", value="plugin:v1"), "may be another image tomorrow", "by digest"),
    (set_to("protect", value="no"), "protect` is 'no'", "true or false"),
    (set_to("platform", value="kubernets"), "platform` is 'kubernets'", "one of kubernetes, local"),
    (lambda said: said.pop("platform"), "platform` is not said", "one of kubernetes, local"),
    (set_to("monitoring", value=True), "monitoring` is true", "write a mapping"),
    (set_to("flavours", 1, "taints", 0, "effect", value="Never"), "effect` is 'Never'", "one of 'NoSchedule'"),
]


@pytest.mark.parametrize(("change", "seen", "fix"), MISTAKES, ids=[each[1][:40] for each in MISTAKES])
def test_a_mistake_is_named_by_its_path_with_what_to_do(change: Change, seen: str, fix: str) -> None:
    (found,) = problems(change)
    assert seen in found.message
    assert found.fix
    assert fix in found.fix


def test_all_mistakes_are_named_at_once() -> None:
    def change(said: dict[str, Any]) -> None:
        said["nmespace"] = said.pop("namespace")
        said["quota"]["memory"] = "lots"

    assert len(problems(change)) == 3


def test_a_mistake_has_its_line_in_the_stacks_file(tmp_path: Path) -> None:
    lines = (ROOT / FILE).read_text().replace("cpu: 240", "cpu: 240x").splitlines()
    (tmp_path / "stacks").mkdir()
    (tmp_path / FILE).write_text("\n".join(lines))
    wrong = yaml.safe_load((tmp_path / FILE).read_text())["config"]["moorage:environment"]
    with pytest.raises(TargetError) as caught:
        read_settings("moorage", wrong, FILE, tmp_path)
    (found,) = caught.value.problems
    number = next(number for number, line in enumerate(lines, 1) if "240x" in line)
    assert str(found.where).startswith(f"{FILE}:{number}:")


@pytest.mark.parametrize("nothing", [None, "text", [], {}])
def test_a_stack_that_says_nothing_is_told_what_to_say(nothing: object) -> None:
    with pytest.raises(TargetError, match="`moorage:environment"):
        read_settings("moorage", nothing, Path("stacks", "Pulumi.none.yaml"), ROOT)


def test_an_environment_of_one_machine_needs_little() -> None:
    found = read_settings("wines", {"platform": "local", "store": "s", "cpu": 2, "memory_gib": 4}, FILE)
    assert isinstance(found, LocalSettings)


def test_settings_are_read_with_no_sdk() -> None:
    code = "import sys, moorage_infra.config, moorage_infra.targets; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pulumi", "pulumi_kubernetes", "kubernetes", "grpc"} & set(loaded)
