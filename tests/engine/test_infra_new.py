"""The Pulumi program of a new project, run by the real engine: an environment of this machine needs no cluster."""

import json
from pathlib import Path

import pytest

from moorage.cli.exits import run
from moorage.environments import load_environment, target_of
from moorage.init import Names, write_project
from moorage_local.target import LocalTarget
from tests.engine.tools import Tools
from tests.infra.engine import make_stack
from tests.rigs.pulumi.home import furnish
from tests.rigs.pulumi.stack import Stack

pytestmark = pytest.mark.engine("Pulumi")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_project(tmp_path / "wines", Names("wines"), "moorage")
    return tmp_path / "wines"


@pytest.fixture
def stack(engine: Tools, project: Path, tmp_path: Path) -> Stack:
    """The stack of this machine, in a world with no provider at all."""
    (tmp_path / "world" / "state").mkdir(parents=True)
    furnish(tmp_path / "world" / "home", [])
    return make_stack(engine.pulumi, project, tmp_path / "world", "local-dev")


def test_a_new_project_has_an_environment_of_this_machine(stack: Stack, project: Path, monkeypatch: pytest.MonkeyPatch):
    up = stack.up()
    assert up.ok, up.errors
    (project / "document.json").write_text(json.dumps(stack.outputs()["environment"]))
    monkeypatch.chdir(project)
    assert run(["env", "pull", "local-dev", "--from", "document.json"]) == 0
    kept = load_environment("local-dev", project)
    assert kept.store == str(project / ".moorage/team/store")
    assert isinstance(target_of(kept), LocalTarget)
    assert stack.preview("--expect-no-changes").ok


def test_a_mistake_in_its_stack_is_told_with_its_line(stack: Stack, project: Path):
    file = project / "stacks" / "Pulumi.local-dev.yaml"
    file.write_text(file.read_text().replace("cpu: 2", "cpus: 2"))
    told = stack.preview().errors
    assert "stacks/Pulumi.local-dev.yaml:6:5: `wines:environment.cpus` is no key that is known here" in told
    assert "`wines:environment.cpu` is missing" in told
