"""From nothing to a finished run: `pulumi up`, `moorage env pull`, `moorage run`, `pulumi destroy`, all of it real.

But for the containers, which are processes of this machine, and the store, which is moto's.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from moorage.cli.exits import run as moorage
from moorage.images.record import DEFAULT_IMAGE, PushedImage, register
from moorage.journal import RunRecord
from moorage.ports import DRIVE_VARIABLE
from moorage.runs import api
from moorage.runs.place import Place
from moorage.runs.summary import read_summary
from moorage.states import RunState, StepState
from moorage_kubernetes import driver
from tests.conformance.test_lineage import lineage
from tests.engine.machine import Command, Machine
from tests.engine.story import IMAGES, JOBS, Story, jobs_of
from tests.engine.tools import Tools
from tests.infra.engine import change, copy_of_the_project, make_stack, world
from tests.infra.stacks import ROOT, said
from tests.rigs.bucket import CREDENTIALS, bucket_server
from tests.rigs.kubernetes.api import Refused
from tests.rigs.kubernetes.cluster import hidden
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes.node.settings import Image
from tests.rigs.kubernetes.plane import Plane
from tests.rigs.pulumi.stack import Stack

pytestmark = [pytest.mark.engine("Pulumi", "Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

STACK = "local-dev"
IMAGE = f"{IMAGES}@sha256:{'0' * 64}"
PATIENCE_SECONDS = 240.0
SMALL = {"rows": 4000, "sample": 2000}
TUMORS, LOANS = (ROOT / "pipelines" / name / "pipeline.yaml" for name in ("acme_tumors", "acme_loans"))


@dataclass(frozen=True)
class Standing:
    """An environment that was made, and the project that knows it."""

    stack: Stack
    project: Path
    environ: Mapping[str, str]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with bucket_server("moorage-dev") as found:
        yield f"http://{found}"


@pytest.fixture(scope="module")
def standing(engine: Tools, plane: Plane, server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    folder = tmp_path_factory.mktemp("pipelines")
    project, home = copy_of_the_project(folder), world(folder, plane.kubeconfig)
    change(project, STACK, store={**said(STACK)["store"], "endpoint": server})
    stack = make_stack(engine.pulumi, project, home, STACK)
    with join(plane, "worker", cpu="8", memory="16Gi", shared=hidden(), images=(Image(pattern=f"{IMAGES}@*"),)):
        outcome = stack.up()
        assert outcome.ok, outcome.errors
        secret = {"metadata": {"name": "store-access"}, "stringData": CREDENTIALS}
        plane.client().create("/api/v1/namespaces/moorage-dev/secrets", secret)
        document = folder / "environment.json"
        document.write_text(json.dumps(stack.outputs()["environment"]))
        ours = folder / "ours"
        ours.mkdir()
        (ours / "pyproject.toml").touch()
        assert moorage(["env", "pull", STACK, "--from", str(document), "--project", str(ours)]) == 0
        environ = {
            **CREDENTIALS, "AWS_ENDPOINT_URL": server, "AWS_REGION": "us-east-1", "NO_PROXY": "127.0.0.1",
            "KUBECONFIG": str(home / ".kube" / "config"),
        }  # fmt: skip
        yield Standing(stack, ours, environ)
        outcome = stack.destroy()
        assert outcome.ok, outcome.errors
        with pytest.raises(Refused) as refused:
            plane.client().get("/api/v1/namespaces/moorage-dev")
        assert refused.value.code == 404


@pytest.fixture
def place(standing: Standing, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name, value in standing.environ.items():
        monkeypatch.setenv(name, value)
    found = api.open_place(STACK, standing.project)
    found.store.ensure()
    register(found.store, PushedImage(name=DEFAULT_IMAGE, reference=IMAGE, base="python", moorage="0"))
    with found.closing():
        yield found


def here(spec: Path, folder: Path, **parameters: Any) -> RunRecord:
    """Return the record of a run on this machine, which waits for nobody."""
    (folder / "pyproject.toml").touch()
    place = api.open_place("local", folder)
    run = api.start(spec, parameters=parameters, project=folder)[1]
    return drive_and_approve(place, run)


def drive_and_approve(place: Place, run: str) -> RunRecord:
    def watch(record: RunRecord, event: object) -> None:
        asked = [name for name, step in record.steps.items() if step.asked and not step.verdict]
        for name in asked if type(event).__name__ == "ApprovalAsked" else ():
            api.command(place, run, "approve", step=name, by="a test")

    return api.drive(place, run, watch).record


def same(record: RunRecord) -> Mapping[str, Any]:
    """Return what is the same wherever a pipeline runs; a Bento says when it was built."""
    found = json.loads(json.dumps(lineage(record)))
    for step in found.values():
        step["parts"] = {name: text for name, text in step["parts"].items() if name != "inputs.bento"}
        step["outputs"] = {name: said for name, said in step["outputs"].items() if said[0] != "bento"}
    return dict(found)


def await_state(place: Place, run: str, *states: RunState) -> RunState:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (seen := read_summary(place.store, run, datetime.now(UTC)).state) not in states:
        assert time.monotonic() < deadline, f"run {run} is still {seen}"
        time.sleep(0.2)
    return seen


def test_the_example_makes_the_same_artifacts_as_on_this_machine(place: Place, tmp_path: Path) -> None:
    expected = here(TUMORS, tmp_path)
    run = api.start(TUMORS, environment=STACK, project=place.project)[1]
    record = drive_and_approve(place, run)
    assert record.state is RunState.SUCCEEDED, {name: step.message for name, step in record.steps.items()}
    assert same(record) == same(expected)


def test_a_detached_run_is_driven_by_the_cluster_and_steered_from_anywhere(
    place: Place, plane: Plane, tmp_path: Path
) -> None:
    expected = here(LOANS, tmp_path, **SMALL)
    run = api.start_detached(LOANS, environment=STACK, project=place.project, parameters=SMALL)
    assert await_state(place, run, RunState.WAITING, RunState.FAILED) is RunState.WAITING
    (job,) = jobs_of(plane.client(), run, "driver")
    assert DRIVE_VARIABLE in json.dumps(job["spec"]["template"])
    where = ["-e", STACK, "--project", str(place.project)]
    assert moorage(["approve", run, "approve", "--by", "a test", *where]) == 0
    assert await_state(place, run, RunState.SUCCEEDED, RunState.FAILED) is RunState.SUCCEEDED
    assert same(api.read_record(place, run)) == same(expected)
    client = plane.client()
    client.until(f"{JOBS}/{job['metadata']['name']}", lambda job: job["status"].get("succeeded") == 1)
    client.until(JOBS, lambda found: all("completionTime" in job["status"] for job in found["items"]))
    assert moorage(["gc", *where]) == 0
    client.until(JOBS, lambda found: not found["items"])


@pytest.fixture(scope="module")
def away(standing: Standing, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Another machine, which has the environment's document and nothing else of who made it or started runs there."""
    machine = Machine.make(tmp_path_factory.mktemp("away") / "machine", standing.environ, STACK)
    document = standing.project.parent / "environment.json"
    pulled = ["env", "pull", STACK, "--from", str(document), "--project", str(machine.project)]
    assert moorage(pulled) == 0
    return machine


@pytest.fixture(scope="module", autouse=True)
def unreached(away: Machine) -> Iterator[Command]:
    """A command that was begun with the module, since it takes the 45 seconds for which a cluster is waited for."""
    command = away.without_cluster().start("gc")
    yield command
    command.process.kill()
    command.process.wait()


@pytest.fixture
def story(place: Place, standing: Standing, plane: Plane) -> Story:
    return Story(place, standing.project, plane.client())


def test_a_hosted_run_is_followed_from_another_machine_while_it_runs_and_to_its_end(
    story: Story, away: Machine
) -> None:
    run = story.start_slow()
    whole, step, shown = away.start("logs", run, "-f"), away.start("logs", run, "slow", "-f"), away.start("show", "-f")
    whole.says("it waits")
    step.says("it waits")
    assert story.step(run, "slow").state is StepState.RUNNING
    story.open(run)
    ends = [command.end() for command in (whole, step, shown)]
    assert [end.code for end in ends] == [0, 0, 0], ends
    assert [line.split()[1:] for line in ends[0].out.splitlines()] == [
        ["first", "done", "first"], ["slow", "it", "waits"], ["slow", "it", "goes", "on"], ["last", "done", "last"],
    ]  # fmt: skip
    assert f"run {run}  succeeded" in ends[2].out
    assert away("runs").out.splitlines()[1].split()[:3] == [run, "hosted", "succeeded"]
    assert away("report", run).code == 0
    assert run in (away.project / f"moorage-{run}.html").read_text()


def test_a_hosted_run_is_cancelled_from_another_machine_and_leaves_no_job(story: Story, away: Machine) -> None:
    run = story.start_slow()
    followed = away.start("logs", run, "-f")
    ends = [command.end() for command in (away.start("cancel", run), away.start("cancel", run))]
    assert [end.code for end in ends] == [0, 0], ends
    assert followed.end().code == 1
    assert story.record(run).state is RunState.CANCELLED
    story.until_over(run)
    assert away("gc").code == 0
    story.client.until(JOBS, lambda found: not jobs_of(story.client, run))


def test_runs_whose_drivers_were_deleted_go_on_and_nothing_runs_twice(story: Story, away: Machine) -> None:
    runs = _, without_job = story.start(), story.start()
    for run in runs:
        story.until_slow(run)
        story.kill_driver(run, with_job=run == without_job)
        story.let_a_minute_pass(run)
    assert "the cluster has no such job" in away("show", without_job).out
    resumed = [away.start("resume", without_job, *how) for how in (["--detach"], ["--detach"], [])]
    for run in runs:
        story.open(run)
    codes = sorted(command.end().code for command in resumed)
    assert (codes[0], {*codes} <= {0, 2}) == (0, True), codes
    followed = [away.start("show", run, "-f") for run in runs]
    assert [command.end().code for command in followed] == [0, 0]
    for run in runs:
        assert [len(step.attempts) for step in story.record(run).steps.values()] == [1, 1, 1]
        story.until_over(run)


def test_a_hosted_run_that_lost_its_code_says_so_and_is_resumed_where_it_failed(story: Story, away: Machine) -> None:
    run = story.start_slow({"name": "work", "run": "acme_hosted:work", "after": ["slow"], "cache": False})
    code = story.take_code_away(run)
    story.open(run)
    assert away("logs", run, "-f").code == 1
    said = away("show", run).out
    assert "work failed (corrupt): the code of the run" in said
    assert f"{code[0]} is not there" in said
    assert "Traceback" not in said
    story.place.store.put(*code)
    assert away("resume", run, "--detach").code == 0
    assert away("show", run, "-f").code == 0
    assert {name: len(step.attempts) for name, step in story.record(run).steps.items()} == {
        "first": 1, "slow": 1, "last": 2, "work": 2,
    }  # fmt: skip


def test_a_driver_whose_image_cannot_be_pulled_is_told_of_and_cancelled(story: Story, away: Machine) -> None:
    with story.image("missing.example/steps"):
        run = story.start()
    story.until_driver(run, lambda pod: pod["status"]["containerStatuses"][0]["state"].get("waiting"))
    story.let_a_minute_pass(run)
    shown = away("show", run).out
    assert f"run {run}  stalled" in shown
    assert "it has not begun: the image missing.example/steps" in shown
    cancelled = away("cancel", run)
    assert (cancelled.code, cancelled.err.split()[-1]) == (0, "cancelled"), cancelled
    story.until_over(run)


def test_a_driver_that_is_killed_out_of_memory_is_told_of(
    story: Story, away: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    least = {"cpu": "100m", "memory": "8Mi"}
    monkeypatch.setattr(driver, "RESOURCES", {"requests": least, "limits": least})
    run = story.start()
    story.until_driver(run, lambda pod: pod["status"]["phase"] == "Failed")
    story.let_a_minute_pass(run)
    shown = away("show", run).out
    assert f"run {run}  stalled" in shown
    assert "its container was killed at its memory limit" in shown
    assert away("cancel", run).code == 0
    story.until_over(run)


def test_mistakes_from_another_machine_are_told_in_a_sentence(
    story: Story, away: Machine, plane: Plane, unreached: Command
) -> None:
    run = story.start_slow()
    story.end_driver(run)
    denied = away.as_user(plane.user("nobody"))
    assert away("logs", "rnone", "-f").sentence == "no run starts with 'rnone'"
    for command in (["resume", run], ["resume", run, "--detach"], ["cancel", run], ["gc"]):
        assert denied(*command).sentence.startswith("you may not "), command
    assert "is not known: you may not get jobs" in denied("show", run).out
    assert away("cancel", run).code == 0
    assert unreached.end().sentence.startswith("the cluster at https://127.0.0.1:1 did not answer")
