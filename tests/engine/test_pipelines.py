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
from moorage.states import RunState
from tests.conformance.test_lineage import lineage
from tests.engine.tools import Tools
from tests.infra.engine import change, copy_of_the_project, make_stack, world
from tests.infra.stacks import ROOT, said
from tests.rigs.bucket import bucket_server
from tests.rigs.kubernetes.api import Client, Refused
from tests.rigs.kubernetes.cluster import hidden
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes.plane import Plane
from tests.rigs.pulumi.stack import Stack

pytestmark = [pytest.mark.engine("Pulumi", "Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

STACK = "local-dev"
JOBS = "/apis/batch/v1/namespaces/moorage-dev/jobs"
IMAGE = f"registry.example/steps@sha256:{'0' * 64}"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
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
    with join(plane, "worker", cpu="8", memory="16Gi", shared=hidden()):
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
    (driver,) = jobs_of(plane.client(), run, "driver")
    assert [name for name in variables(driver) if name == DRIVE_VARIABLE]
    where = ["-e", STACK, "--project", str(place.project)]
    assert moorage(["approve", run, "approve", "--by", "a test", *where]) == 0
    assert await_state(place, run, RunState.SUCCEEDED, RunState.FAILED) is RunState.SUCCEEDED
    assert same(api.read_record(place, run)) == same(expected)
    client = plane.client()
    client.until(path_of(driver), lambda job: job["status"].get("succeeded") == 1)
    client.until(JOBS, lambda found: all("completionTime" in job["status"] for job in found["items"]))
    assert moorage(["gc", *where]) == 0
    client.until(JOBS, lambda found: not found["items"])


def jobs_of(client: Client, run: str | None = None, step: str = "") -> list[Mapping[str, Any]]:
    found = client.get(JOBS)["items"]
    return [job for job in found if job["metadata"]["name"].startswith(f"mr-{run}-{step}" if run else "mr-")]


def variables(job: Mapping[str, Any]) -> list[str]:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return [item["name"] for item in container["env"]]


def path_of(job: Mapping[str, Any]) -> str:
    return f"{JOBS}/{job['metadata']['name']}"
