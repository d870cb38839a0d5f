"""Official binaries come first, if their version will do; what is missing is named with the reason."""

from pathlib import Path

import pytest

from tests.engine.cache import cache
from tests.engine.recipe import PARTS, TOOLS
from tests.engine.tools import tools
from tests.unit.engine.workshop import NAMES, Workshop

SAYS = {
    "pulumi": "v3.401.2",
    "etcd": "etcd Version: 3.6.99\nGit SHA: 0123abc",
    "kube-apiserver": "Kubernetes v1.36.9",
    "kube-controller-manager": "Kubernetes v1.36.9",
    "kube-scheduler": "Kubernetes v1.36.9",
    "kubectl": "Client Version: v1.36.9\nKustomize Version: v5.7.1",
}
OURS = ["jobset", "kueue"]
"""Nobody hands these out as binaries, and their manifests must be those of the very version."""


def test_nothing_there_is_named_part_by_part(workshop: Workshop):
    found = tools(workshop.environ)
    assert found.why("Kubernetes") == "no Kubernetes here: `make engine` builds it"
    assert list(found.missing) == NAMES
    assert found.without() == PARTS
    assert found.without(("Kueue",)) == ("Kueue",)
    assert found.why("Pulumi") == "no Pulumi here: `make engine` builds it"
    assert found.pulumi == cache(workshop.environ).folder / "bin" / "pulumi"


def test_official_binaries_on_the_path_come_first(workshop: Workshop):
    workshop.build()
    paths = {name: workshop.official(name, says) for name, says in SAYS.items()}
    found = tools(workshop.environ)
    assert (found.pulumi, found.etcd, found.kube_apiserver) == (
        paths["pulumi"],
        paths["etcd"],
        paths["kube-apiserver"],
    )
    assert found.kueue == cache(workshop.environ).folder / "bin" / "kueue"


def test_only_what_is_not_official_is_built(workshop: Workshop):
    for name, says in SAYS.items():
        workshop.official(name, says)
    code, seen = workshop.build()
    assert (code, workshop.asked()) == (0, OURS), seen
    assert f"engine: pulumi v3.401.2 is {workshop.folder}/bin/pulumi\n" in seen
    assert dict(tools(workshop.environ).missing) == {}


def test_a_named_binary_comes_before_the_path(workshop: Workshop):
    workshop.official("pulumi", "v3.500.0")
    named = workshop.official("my-pulumi", "v3.300.0")
    assert tools({**workshop.environ, "MOORAGE_PULUMI": str(named)}).pulumi == named


@pytest.mark.parametrize(
    ("name", "says", "needed"),
    [
        ("pulumi", "v3.100.0", "v3.259 or newer"),
        ("pulumi", "v4.0.0", "v3.259 or newer"),
        ("kube-apiserver", "Kubernetes v1.35.1", "v1.36"),
        ("kube-apiserver", "Kubernetes v1.37.0", "v1.36"),  # newer than a controller-manager may be beside it
        ("etcd", "a program of the same name", "v3.6"),
    ],
)
def test_a_binary_on_the_path_of_another_version_is_passed_over_aloud(
    workshop: Workshop, name: str, says: str, needed: str
):
    path = workshop.official(name, says)
    code, seen = workshop.build()
    assert (code, workshop.asked()) == (0, NAMES)
    assert f"engine: {path} is " in seen
    assert f", {needed} is needed: passed over\n" in seen
    assert tools(workshop.environ).missing == {}


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        (None, "which is not there"),
        ("#!/bin/sh\nexit 1\n", "and `named version` says no version"),
        ("#!/bin/sh\necho v3.1.0\n", "names pulumi v3.1.0; v3.259 or newer is needed"),
        ("neither a script nor a program", "and `named version` says no version"),
    ],
)
def test_a_variable_that_names_the_wrong_file_is_an_error_and_never_passed_over(
    workshop: Workshop, script: str | None, seen: str
):
    named = workshop.folder / "bin" / "named" if script is None else workshop.script("named", script)
    workshop.official("pulumi", "v3.300.0")
    code, text = workshop.build(MOORAGE_PULUMI=str(named))
    assert (code, workshop.asked()) == (2, [])
    assert "error: MOORAGE_PULUMI names " in text
    assert seen in text
    assert "fix: correct it, or unset MOORAGE_PULUMI" in text
    assert seen in tools({**workshop.environ, "MOORAGE_PULUMI": str(named)}).missing["pulumi"]


def test_a_file_that_cannot_be_executed_is_not_taken(workshop: Workshop, tmp_path: Path):
    named = tmp_path / "etcd.txt"
    named.write_text("not a program")
    assert "cannot be executed" in tools({**workshop.environ, "MOORAGE_ETCD": str(named)}).missing["etcd"]


def test_a_tool_without_its_manifests_is_not_there(workshop: Workshop):
    workshop.build()
    built = cache(workshop.environ)
    kueue = next(tool for tool in TOOLS if tool.name == "kueue")
    (built.manifests / "kueue").rename(built.manifests / "elsewhere")
    assert not built.has(kueue)
    assert tools(workshop.environ).without() == ("Kueue",)
