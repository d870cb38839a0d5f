"""The tools that all engine tests stand on are there, start, and are what they say."""

import subprocess

import pytest
import yaml

from tests.engine.recipe import MANIFESTS, TOOLS, Tool
from tests.engine.tools import Tools, version_of, will_do

ASKED = [tool for tool in TOOLS if tool.asks]


@pytest.mark.parametrize("tool", ASKED, ids=lambda tool: tool.name)
def test_a_tool_says_a_version_that_will_do(engine: Tools, tool: Tool):
    said = version_of(tool, getattr(engine, tool.name.replace("-", "_")))
    assert said
    assert will_do(tool, said)


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manager_starts(engine: Tools, name: str):
    answer = subprocess.run([getattr(engine, name), "--help"], capture_output=True, text=True)
    assert "-kubeconfig" in answer.stdout + answer.stderr


@pytest.mark.parametrize("name", MANIFESTS)
def test_the_manifests_of_a_manager_are_there(engine: Tools, name: str):
    folder = engine.manifests / name
    kinds = {
        document.get("kind") for path in folder.rglob("*.yaml") for document in yaml.safe_load_all(path.read_text())
    }
    assert {"CustomResourceDefinition", "ClusterRole", "MutatingWebhookConfiguration"} <= kinds
