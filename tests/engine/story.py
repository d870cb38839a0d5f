"""Runs that a driver in the cluster drives, with a step that waits for us, and what happens to their drivers."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from moorage.images.record import DEFAULT_IMAGE, PushedImage, register
from moorage.journal import RunRecord, StepRecord
from moorage.runs import api
from moorage.runs.hosting import driver_job
from moorage.runs.place import Place
from moorage.runs.summary import read_summary, summary_key
from moorage.step.reading import read_log
from tests.rigs.kubernetes.api import Client

JOBS = "/apis/batch/v1/namespaces/moorage-dev/jobs"
PODS = "/api/v1/namespaces/moorage-dev/pods"
IMAGES = "registry.example/steps"
PATIENCE_SECONDS = 120.0
WAITS = """
import time
from moorage.store import open_store
store = open_store({store!r})
print("it waits", flush=True)
while store.find({gate!r}) is None:
    time.sleep(0.2)
print("it goes on")
"""


@dataclass(frozen=True)
class Story:
    """An environment, the project of who starts runs there, and a cluster to look into."""

    place: Place
    project: Path
    client: Client

    def start(self, *further: Mapping[str, Any]) -> str:
        """Start a detached run of `first`, `slow`, which waits until it is opened, `last` and further steps."""
        gate = f"gates/{time.monotonic_ns()}"
        waits = WAITS.format(store=self.place.store.uri, gate=gate)
        steps = [
            {"name": "first", "command": ["echo", "done first"], "cache": False},
            {"name": "slow", "command": ["python", "-c", waits], "cache": False, "after": ["first"]},
            {"name": "last", "command": ["echo", "done last"], "cache": False, "after": ["slow"]},
            *further,
        ]
        (self.project / "acme_hosted.py").write_text("def work() -> None:\n    pass\n")
        spec = self.project / "hosted.yaml"
        spec.write_text(yaml.safe_dump({"name": "hosted", "code": ["."], "steps": steps}))
        run = api.start_detached(spec, environment=self.place.environment.name, project=self.project)
        self.place.store.put(f"gates/of-{run}", gate.encode())
        return run

    def start_slow(self, *further: Mapping[str, Any]) -> str:
        """Start such a run, and return when it waits."""
        run = self.start(*further)
        self.until_slow(run)
        return run

    def until_slow(self, run: str) -> None:
        """Return when the step of that run waits that we are to open."""
        self._until(lambda: [part for part in read_log(self.place.store, run, "slow", 1, 0) if part.lines])

    def open(self, run: str) -> None:
        """Let the step that waits go on."""
        self.place.store.put(self.place.store.get(f"gates/of-{run}").decode(), b"")

    def record(self, run: str) -> RunRecord:
        """Return how the run stands."""
        return api.read_record(self.place, run)

    def step(self, run: str, name: str) -> StepRecord:
        """Return how a step stands."""
        return self.record(run).steps[name]

    def kill_driver(self, run: str, with_job: bool) -> None:
        """Kill the pod of the run's driver with no word to it, and delete its Job, too, if that is wanted."""
        (pod,) = self._pods(run)
        if with_job:
            self.client.delete(f"{JOBS}/{driver_job(run, 1)}", propagationPolicy="Orphan")
        self.client.delete(f"{PODS}/{pod['metadata']['name']}", gracePeriodSeconds="0")
        self._until(lambda: pod["metadata"]["uid"] not in [each["metadata"]["uid"] for each in self._pods(run)])

    def end_driver(self, run: str) -> None:
        """Delete the Job of the run's driver as anyone would, and return when the driver has said that it leaves."""
        self.client.delete(f"{JOBS}/{driver_job(run, 1)}")
        self._until(lambda: self.record(run).driver is None)

    def until_driver(self, run: str, holds: Callable[[Any], object]) -> None:
        """Return when the condition holds of a pod of the run's driver."""
        self._until(lambda: any(pod["status"].get("containerStatuses") and holds(pod) for pod in self._pods(run)))

    def until_over(self, run: str) -> None:
        """Return when every Job of the run, its drivers too, has ended."""

        def is_over(job: Any) -> bool:
            ends = [each["type"] for each in job["status"].get("conditions", ()) if each["status"] == "True"]
            return "Complete" in ends or "Failed" in ends

        self._until(lambda: all(map(is_over, jobs_of(self.client, run))))

    def let_a_minute_pass(self, run: str) -> None:
        """Have the run's driver said that it lives a minute ago for the last time."""
        seen = read_summary(self.place.store, run, datetime.now(UTC))
        past = seen.model_copy(update={"beat": seen.beat - timedelta(minutes=1)})
        self.place.store.put(summary_key(run), past.model_dump_json().encode())

    def take_code_away(self, run: str) -> tuple[str, bytes]:
        """Remove the run's code from the store, and return its key and bytes."""
        code = self.record(run).code
        assert code is not None
        key = f"code/{code.removeprefix('blake3:')}.zip"
        data = self.place.store.get(key)
        self.place.store.delete(key)
        return key, data

    @contextmanager
    def image(self, name: str) -> Iterator[None]:
        """Have drivers that are started meanwhile run in another image."""
        _register(self.place, name)
        try:
            yield
        finally:
            _register(self.place, IMAGES)

    def _pods(self, run: str) -> list[Any]:
        named = f"job-name={driver_job(run, 1)}"
        return list(self.client.get(PODS, labelSelector=named)["items"])

    def _until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, self.client.get(PODS)
            time.sleep(0.2)


def jobs_of(client: Client, run: str, step: str = "") -> list[Mapping[str, Any]]:
    """Return the Jobs of a run, and of steps whose names begin so."""
    return [job for job in client.get(JOBS)["items"] if job["metadata"]["name"].startswith(f"mr-{run}-{step}")]


def _register(place: Place, name: str) -> None:
    reference = f"{name}@sha256:{'0' * 64}"
    register(place.store, PushedImage(name=DEFAULT_IMAGE, reference=reference, base="python", moorage="0"))
