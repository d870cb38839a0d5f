"""Versions stand in the go.mod files alone, and any change of theirs is another engine."""

import re
import shutil
from pathlib import Path

import pytest

from tests.engine.recipe import GO_VERSION, MANIFESTS, MODULES, PARTS, TOOLS, Tool, key, linker_flags, version

FILES = sorted(path.relative_to(MODULES) for path in MODULES.glob("*/go.*"))


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    return shutil.copytree(MODULES, tmp_path / "modules")


def test_each_tool_has_a_module_with_pinned_versions_and_checksums():
    folders = {tool.folder for tool in TOOLS}
    assert {path.as_posix() for path in FILES} == {f"{name}/go.{kind}" for name in folders for kind in ("mod", "sum")}


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_has_the_version_that_its_module_pins(tool: Tool):
    assert re.fullmatch(r"v\d+\.\d+\.\d+", version(tool))
    assert tool.part in PARTS


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_module_keeps_the_package_that_is_built_as_a_tool(tool: Tool):
    # Without the line, `go mod tidy` would take away all that the package needs.
    assert re.search(rf"^(tool)?\s+{re.escape(tool.package)}$", _mod(tool), re.MULTILINE)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_the_modules_ask_for_the_go_that_is_looked_for(tool: Tool):
    # With the patch version: an older Go fetches `go1.26.0` by itself, and there is no `go1.26` to fetch.
    assert f"\ngo {GO_VERSION[0]}.{GO_VERSION[1]}.0\n" in _mod(tool)


def test_the_programs_are_told_their_version():
    flags = {tool.name: linker_flags(tool) for tool in TOOLS}
    assert "-X k8s.io/component-base/version.gitMinor=36" in flags["kube-apiserver"]
    assert "sdk/v3/go/common/version.Version=v3." in flags["pulumi"]
    assert flags["etcd"] == "-s -w"


def test_the_parts_of_pulumi_are_of_one_version():
    pulumi = next(tool for tool in TOOLS if tool.name == "pulumi")
    assert f"github.com/pulumi/pulumi/sdk/v3 {version(pulumi)}" in _mod(pulumi)


def test_the_key_is_the_same_in_any_checkout(modules: Path):
    assert key(modules) == key()


@pytest.mark.parametrize("file", FILES, ids=str)
def test_the_key_changes_with_any_pinned_file(modules: Path, file: Path):
    with (modules / file).open("a") as pinned:
        pinned.write("\n")
    assert key(modules) != key()


def test_the_key_changes_when_a_line_moves_from_one_file_to_another(modules: Path):
    one, other = modules / "etcd" / "go.sum", modules / "kueue" / "go.sum"
    texts = one.read_text(), other.read_text()
    one.write_text(texts[1])
    other.write_text(texts[0])
    assert key(modules) != key()


def test_a_tool_that_its_module_does_not_require_is_named(modules: Path):
    etcd = TOOLS[0]
    (modules / "etcd" / "go.mod").write_text("module nothing\n")
    with pytest.raises(LookupError, match="does not require"):
        version(etcd, modules)


def test_what_is_copied_belongs_to_a_tool():
    assert set(MANIFESTS) <= {tool.name for tool in TOOLS}


def _mod(tool: Tool) -> str:
    return (MODULES / tool.folder / "go.mod").read_text()
