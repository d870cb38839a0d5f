"""Variables come from where a container says, and what is not there is said in the kubelet's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.rigs.kubernetes.node.environment import command, variables
from tests.rigs.kubernetes.node.fields import Place
from tests.rigs.kubernetes.node.quantity import divided, quantity
from tests.rigs.kubernetes.node.settings import Image
from tests.rigs.kubernetes.node.sources import Missing
from tests.rigs.kubernetes.node.users import user_of

PLACE = Place("node", {"cpu": "8", "memory": "16Gi"}, "127.9.9.9")
POD = {
    "metadata": {
        "name": "p", "namespace": "n", "uid": "u", "labels": {"a": "1", "b": 'x"y'}, "annotations": {"k/x": "2"},
    },
    "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "1500m"}, "requests": {"memory": "1Gi"}}}]},
}  # fmt: skip


@dataclass
class Known:
    """Config maps and secrets by name."""

    maps: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)

    def config_map(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        return self.maps.get(name)

    def secret(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        return self.secrets.get(name)


def told(*env: dict[str, Any], known: Known | None = None, **more: Any) -> dict[str, str]:
    return variables(POD, {"name": "c", "env": list(env), **more}, PLACE, known or Known(), {"SERVICE": "s"})


def from_field(path: str) -> str:
    return told({"name": "V", "valueFrom": {"fieldRef": {"fieldPath": path}}})["V"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "p"),
        ("metadata.annotations['k/x']", "2"),
        ("metadata.labels['none']", ""),
        ("metadata.labels", 'a="1"\nb="x\\"y"'),
        ("spec.nodeName", "node"),
        ("spec.serviceAccountName", "default"),
        ("status.podIP", "127.9.9.9"),
    ],
)
def test_fields_of_the_pod(path: str, value: str):
    assert from_field(path) == value


def test_a_field_that_is_none_is_said_so():
    with pytest.raises(LookupError, match="unsupported fieldPath"):
        from_field("spec.containers")


@pytest.mark.parametrize(
    ("resource", "divisor", "value"),
    [
        ("limits.cpu", "1", "2"),
        ("limits.cpu", "1m", "1500"),
        ("limits.cpu", "0", "2"),
        ("limits.memory", "1Gi", "16"),
        ("requests.memory", "1Mi", "1024"),
        ("requests.cpu", "1", "0"),
    ],
)
def test_resources_are_rounded_up_in_their_divisor(resource: str, divisor: str, value: str):
    reference = {"resource": resource, "divisor": divisor}
    assert told({"name": "V", "valueFrom": {"resourceFieldRef": reference}})["V"] == value


def test_later_variables_win_and_see_earlier_ones():
    known = Known(maps={"m": {"A": b"map", "B": b"map"}})
    found = told(
        {"name": "A", "value": "own-$(B)-$(SERVICE)-$(LATER)"},
        {"name": "LATER", "value": "x"},
        known=known,
        envFrom=[{"configMapRef": {"name": "m"}}],
    )
    assert found == {"SERVICE": "s", "A": "own-map-s-$(LATER)", "B": "map", "LATER": "x"}


def test_what_comes_from_elsewhere_is_not_expanded():
    known = Known(secrets={"s": {"k": b"$(SERVICE)"}})
    assert told({"name": "V", "valueFrom": SECRET}, known=known)["V"] == "$(SERVICE)"


SECRET = {"secretKeyRef": {"name": "s", "key": "k"}}


@pytest.mark.parametrize(
    ("known", "says"),
    [(Known(), 'secret "s" not found'), (Known(secrets={"s": {}}), "couldn't find key k in Secret n/s")],
)
def test_what_is_missing_is_named(known: Known, says: str):
    with pytest.raises(Missing, match=says):
        told({"name": "V", "valueFrom": SECRET}, known=known)


def test_what_may_be_missing_is_left_out():
    optional = {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}
    assert "V" not in told({"name": "V", "valueFrom": optional})


def test_a_container_that_says_no_command_runs_its_image():
    image = Image(entrypoint=("serve",), arguments=("--port", "1"), environment={"I": "i"}, folder="/srv")
    assert command({"name": "c"}, image, {}, {}).argv == ("serve", "--port", "1")
    assert command({"name": "c", "args": ["$(X)"]}, image, {"X": "x"}, {}).argv == ("serve", "x")
    run = command({"name": "c", "command": ["sh"]}, image, {"I": "own"}, {"I": "base", "P": "p"})
    assert (run.argv, run.environment, run.folder) == (("sh",), {"I": "own", "P": "p"}, "/srv")


def test_root_is_refused_to_a_pod_that_does_not_want_it():
    pod = {"spec": {"securityContext": {"runAsNonRoot": True, "fsGroup": 7}}}
    with pytest.raises(Missing, match="will run as root"):
        user_of(pod, {}, Image())
    user = user_of(pod, {"securityContext": {"runAsUser": 5}}, Image())
    assert (user.user, user.group, user.groups) == (5, 0, (7,))


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1), ("100m", 0.1), ("1.5Gi", 1.5 * 2**30), ("2k", 2000), ("1e3", 1000), ("1E", 10**18)]
)
def test_quantities(text: str, value: float):
    assert float(quantity(text)) == value
    assert divided(text, "1n") == str(int(value * 10**9))


def test_what_is_no_quantity_is_refused():
    with pytest.raises(ValueError, match="'1x' is no quantity"):
        quantity("1x")
