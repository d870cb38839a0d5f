"""What people get wrong: each ends in a sentence that names what was seen and what to do."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Call

SPEC = """\
name: wines
parameters: {rows: 10}
steps:
  - name: train
    command: [echo, "${parameters.rows}"]
"""


@pytest.fixture
def spec(project: Path) -> Path:
    folder = project / "pipelines" / "wines"
    folder.mkdir(parents=True)
    (folder / "pipeline.yaml").write_text(SPEC.replace('"${parameters.rows}"', "x"))
    return folder / "pipeline.yaml"


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_a_spec_that_is_not_there_is_told_those_that_are(command: str, spec: Path, call: Call) -> None:
    ended = call(command, "pipelines/beers")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: there is no pipelines/beers\n  fix: name one that is there: pipelines/wines/pipeline.yaml\n"
    )


def test_a_folder_without_a_spec_is_told_those_below_it(spec: Path, call: Call) -> None:
    ended = call("check", "pipelines")
    assert ended.code == 2
    assert ended.err.startswith("error: pipelines is a folder without a pipeline.yaml\n")
    assert "pipelines/wines/pipeline.yaml" in ended.err


def test_where_there_is_no_spec_at_all_the_way_to_one_is_told(call: Call) -> None:
    assert "`moorage init DIR` writes a new project" in call("run", "pipeline.yaml").err


@pytest.mark.parametrize("named", ["pipelines/wines", "pipelines/wines/pipeline.yaml"])
def test_a_spec_is_named_by_its_path_or_its_folder(named: str, spec: Path, call: Call) -> None:
    ended = call("check", named)
    assert (ended.code, ended.out, ended.err) == (0, "wines: 1 step, all well\n", "")


def test_a_parameter_without_a_value_is_told_how_to_write_one(spec: Path, call: Call) -> None:
    ended = call("run", spec, "-p", "rows")
    assert ended.code == 2
    assert ended.err.startswith("error: parameter 'rows' has no `=`\n  fix: write -p rows=1000")


def test_a_parameter_that_the_spec_does_not_have_is_told_the_nearest(spec: Path, call: Call) -> None:
    ended = call("check", spec, "-p", "rwos=3")
    assert ended.code == 2
    assert "'rwos'" in ended.err
    assert "did you mean 'rows'?" in ended.err


def test_an_environment_that_is_not_there_is_told_how_to_fetch_it(spec: Path, call: Call) -> None:
    for command in (("run", str(spec)), ("runs",), ("show",), ("model", "list")):
        ended = call(*command, "-e", "aws-dev")
        assert (ended.code, ended.out) == (2, "")
        assert "no environment is named 'aws-dev'" in ended.err
        assert "moorage env pull aws-dev" in ended.err


def test_all_problems_of_a_spec_are_said_at_once_and_in_json_too(spec: Path, call: Call) -> None:
    spec.write_text("name: wines\nsteps:\n  - {name: train, comand: [x]}\n  - {name: test, rum: a.b:f}\n")
    ended = call("check", spec, "--json")
    assert ended.code == 2
    problems = json.loads(ended.out)["problems"]
    assert len(problems) > 1
    assert len(problems) == ended.err.count("error: ")
    assert {"file", "line", "column", "message", "fix"} == set(problems[0])


def test_a_project_that_is_not_there_is_said(call: Call) -> None:
    ended = call("runs", "--project", "nowhere")
    assert ended.code == 2
    assert "nowhere" in ended.err


def test_a_plan_shows_each_step_and_what_it_needs(spec: Path, call: Call) -> None:
    ended = call("plan", spec, "--cached")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == "wines on local (local)"
    assert ended.out.splitlines()[2].split()[:3] == ["train", "echo", "x"]


def test_a_plan_in_json_is_what_would_be_sent(spec: Path, call: Call) -> None:
    [step] = json.loads(call("plan", spec, "--json").out)["steps"]
    assert step["name"] == "train"
    assert step["request"]["environment"]["MOORAGE_STEP"].endswith("/steps/train/1/request.json")


def test_a_plan_leaves_nothing_behind(spec: Path, call: Call, project: Path) -> None:
    before = sorted(project.rglob("*"))
    call("plan", spec, "--cached")
    call("check", spec)
    assert sorted(project.rglob("*")) == before
