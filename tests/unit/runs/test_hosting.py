"""A driver that the platform runs: it waits for its turn, goes on where another stopped, and says if it is needed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from moorage.errors import MoorageError, PlatformError, TargetError
from moorage.frozen import replaced
from moorage.journal import Journal, events
from moorage.plan.names import job_name
from moorage.ports import DRIVE_VARIABLE, Connection, DriverJob, Handle, JobName, Request
from moorage.runs import api, hosted, hosting
from moorage.runs.place import Place, host_name
from moorage.runs.summary import announce_driver, read_summary, summarise, summary_key
from moorage.states import RunState
from moorage_local.adapter import LocalAdapter
from moorage_local.target import LocalTarget

PATIENCE_SECONDS = 60.0


class HostedRequest(Request):
    """What a platform needs to run a driver."""

    name: str
    image: str
    document_uri: str


class HostingConnection:
    """Runs drivers as processes, and all else as this machine does."""

    def __init__(self, inner: Connection, adapter: "HostingAdapter") -> None:
        self._inner, self._adapter, self._drivers = inner, adapter, adapter.drivers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def submit(self, request: HostedRequest, key: str) -> Handle:
        """Start the driver that the request names, or adopt it."""
        if self._adapter.refusal:
            raise self._adapter.refusal
        if key not in self._drivers:
            self._drivers[key] = start(request.document_uri)
        return Handle("local", JobName(request.name), {"key": key})

    def say_driver(self, name: JobName) -> str:
        """Return whether the process lives."""
        return "it has ended" if self._drivers[name].poll() is not None else "it runs"


class HostingAdapter(LocalAdapter):
    """This machine, as if it could run drivers by itself."""

    def __init__(self) -> None:
        self.drivers: dict[str, subprocess.Popen[bytes]] = {}
        self.refusal: MoorageError | None = None

    def connect(self, target: LocalTarget) -> Connection:
        """Return this machine, reached."""
        return HostingConnection(super().connect(target), self)

    def lower_driver(self, job: DriverJob, target: LocalTarget) -> HostedRequest:
        """Return what runs the driver."""
        return HostedRequest(name=job.name, image=job.image, document_uri=job.document_uri)

    def inside(self, target: LocalTarget) -> LocalTarget:
        """Return the same: it is the same machine."""
        return target


def start(uri: str) -> subprocess.Popen[bytes]:
    environ = {**os.environ, DRIVE_VARIABLE: uri}
    return subprocess.Popen([sys.executable, "-m", "moorage.runs.hosted"], env=environ, stderr=subprocess.PIPE)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


@pytest.fixture
def place(project: Path) -> Iterator[Place]:
    adapter = HostingAdapter()
    yield replaced(api.open_place("local", project), adapter=adapter)
    for driver in adapter.drivers.values():
        if driver.poll() is None:
            driver.kill()
        driver.communicate()


def made(project: Path, *steps: str) -> str:
    spec = project / "pipeline.yaml"
    spec.write_text("name: wines\nsteps:\n" + "".join(f"  - {step}\n" for step in steps))
    return api.start(spec, project=project)[1]


def document(place: Place, run: str) -> str:
    data = hosting.Document(environment=place.environment, mark="one").model_dump_json(by_alias=True).encode()
    place.store.put(hosting.document_key(run, 1), data)
    return f"{place.store.uri}/{hosting.document_key(run, 1)}"


def nobody_sleeps(seconds: float) -> None:
    pytest.fail(f"it waited for {seconds} s")


def state(place: Place, run: str) -> RunState:
    return read_summary(place.store, run, datetime.now(UTC)).state


def test_a_hosted_driver_takes_the_run_to_its_end(project: Path, place: Place) -> None:
    run = made(project, "{name: hello, command: [echo, hello]}")
    hosting.host(place, run)
    (driver,) = place.adapter.drivers.values()  # type: ignore[attr-defined]
    assert driver.wait(PATIENCE_SECONDS) == hosted.DONE
    assert state(place, run) is RunState.SUCCEEDED


def test_a_step_that_is_called_driver_has_a_job_of_its_own(project: Path, place: Place) -> None:
    run = made(project, "{name: driver, command: ['true']}")
    handle = hosting.host(place, run)
    assert handle.job.startswith(f"mr-{run}-driver-1-")
    assert handle.job != job_name(run, "driver", 1)


def test_a_run_is_not_stalled_while_its_hosted_driver_is_on_its_way(project: Path, place: Place) -> None:
    run = made(project, "{name: yes, approval: {}}", "{name: last, command: ['true'], after: ['yes']}")
    hosting.host(place, run)
    assert state(place, run) in (RunState.RUNNING, RunState.WAITING)


def test_a_driver_that_is_started_again_goes_on_and_nothing_runs_twice(project: Path, place: Place) -> None:
    gate = project / "gate"
    slow = f"{{name: slow, command: [sh, -c, 'echo x >> {gate}.starts; while [ ! -e {gate} ]; do sleep 0.05; done']}}"
    run = made(project, slow)
    uri = document(place, run)
    first = start(uri)
    while not gate.with_suffix(".starts").exists():
        assert first.poll() is None
    first.kill()
    first.communicate()
    gate.touch()
    second = start(uri)
    assert second.wait(PATIENCE_SECONDS) == hosted.DONE, second.communicate()
    second.communicate()
    assert gate.with_suffix(".starts").read_text() == "x\n"


def test_a_driver_that_is_told_to_stop_asks_to_be_started_again(project: Path, place: Place) -> None:
    run = made(project, "{name: yes, approval: {}}", "{name: last, command: ['true'], after: ['yes']}")
    driver = start(document(place, run))
    while state(place, run) is not RunState.WAITING:
        assert driver.poll() is None
    driver.send_signal(signal.SIGTERM)
    assert driver.wait(PATIENCE_SECONDS) == hosted.UNFINISHED
    driver.communicate()


def test_a_driver_waits_while_another_lives(project: Path, place: Place) -> None:
    run = made(project, "{name: hello, command: ['true']}")
    journal = taken_elsewhere(place, run)
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:  # the other one ends
            journal.note(events.DriverLeft(at=datetime.now(UTC), driver="another"))
            journal.flush()

    assert hosted.main({DRIVE_VARIABLE: document(place, run)}, sleep) == hosted.DONE
    assert len(looks) == 3


def test_a_process_of_the_same_number_is_not_the_driver_that_was(project: Path, place: Place) -> None:
    run = made(project, "{name: hello, command: ['true']}")
    journal = Journal.open(place.store, run, "before")
    journal.note(events.DriverStarted(at=datetime.now(UTC), driver="before", host=host_name(), pid=os.getpid()))
    journal.flush()
    announce_driver(place.store, journal.record, "before", datetime.now(UTC))
    assert hosted.main({DRIVE_VARIABLE: document(place, run)}, nobody_sleeps) == hosted.DONE


def test_a_run_that_is_over_needs_no_driver(project: Path, place: Place) -> None:
    run = made(project, "{name: hello, command: ['false']}")
    uri = document(place, run)
    assert hosted.main({DRIVE_VARIABLE: uri}, nobody_sleeps) == hosted.DONE
    assert state(place, run) is RunState.FAILED
    assert hosted.main({DRIVE_VARIABLE: uri}, nobody_sleeps) == hosted.DONE


def test_each_driver_of_a_run_is_a_job_of_its_own(project: Path, place: Place) -> None:
    run = made(project, "{name: hello, command: ['false']}")
    first = hosting.host(place, run)
    drivers = place.adapter.drivers  # type: ignore[attr-defined]
    drivers[first.job].wait(PATIENCE_SECONDS)
    api.resume_detached(run, place)
    assert len(drivers) == 2
    assert [each.wait(PATIENCE_SECONDS) for each in drivers.values()] == [hosted.DONE] * 2
    assert len(api.read_record(place, run).steps["hello"].attempts) == 2
    documents = [json.loads(place.store.get(hosting.document_key(run, number))) for number in (1, 2)]
    assert [each["environment"]["name"] for each in documents] == ["local"] * 2
    # A store whose puts may have an unknown fate takes equal bytes for its own.
    assert documents[0]["mark"] != documents[1]["mark"]


def taken_elsewhere(place: Place, run: str) -> Journal:
    """Note that a driver of another machine has the run, and return its journal."""
    journal = Journal.open(place.store, run, "another")
    journal.note(events.DriverStarted(at=datetime.now(UTC), driver="another", host="elsewhere", pid=1))
    journal.flush()
    announce_driver(place.store, journal.record, "another", datetime.now(UTC))
    return journal


def test_a_driver_that_was_called_for_waits_for_nobody(project: Path, place: Place) -> None:
    run = made(project, "{name: hello, command: ['true']}")
    uri = document(place, run)
    journal = taken_elsewhere(place, run)
    announce_driver(place.store, journal.record, hosting.driver_job(run, 1), datetime.now(UTC))
    assert hosted.main({DRIVE_VARIABLE: uri}, nobody_sleeps) == hosted.DONE
    assert state(place, run) is RunState.SUCCEEDED


def test_a_summary_of_before_the_run_was_resumed_ends_no_driver(project: Path, place: Place) -> None:
    run = made(project, "{name: hello, command: ['true']}")
    uri = document(place, run)
    journal = taken_elsewhere(place, run)
    past = summarise(journal.record, datetime.now(UTC)).model_copy(update={"state": RunState.FAILED})
    place.store.put(summary_key(run), past.model_dump_json().encode())

    def announced(seconds: float) -> None:
        announce_driver(place.store, journal.record, hosting.driver_job(run, 1), datetime.now(UTC))

    assert hosted.main({DRIVE_VARIABLE: uri}, announced) == hosted.DONE
    assert api.read_record(place, run).state is RunState.SUCCEEDED


def test_a_driver_that_the_platform_does_not_take_is_not_awaited(project: Path, place: Place) -> None:
    run = made(project, "{name: hello, command: ['true']}")
    place.adapter.refusal = PlatformError("no", fix="wait")  # type: ignore[attr-defined]
    with pytest.raises(PlatformError):
        hosting.host(place, run)
    assert state(place, run) is RunState.STALLED


def test_a_run_that_got_no_driver_is_named_with_what_starts_one(
    project: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(project, "{name: hello, command: ['true']}")
    monkeypatch.setattr(api, "start", lambda *_, **__: (place, run))
    place.adapter.refusal = PlatformError("no", fix="wait")  # type: ignore[attr-defined]
    with pytest.raises(PlatformError, match="no") as raised:
        api.start_detached(project / "pipeline.yaml", project=project)
    assert f"then `moorage resume {run} --detach`" in str(raised.value)


def test_what_became_of_a_driver_is_what_its_platform_says(project: Path, place: Place) -> None:
    run = made(project, "{name: hello, command: ['true']}")
    assert hosting.say_driver(place, run) is None
    handle = hosting.host(place, run)
    place.adapter.drivers[handle.job].wait(PATIENCE_SECONDS)  # type: ignore[attr-defined]
    assert hosting.say_driver(place, run) == f"its driver {handle.job}: it has ended"


@pytest.mark.parametrize("uri", ["", "file:///x", "/store/runs/r1/steps/hosted.json"])
def test_a_document_that_cannot_be_one_is_named(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert hosted.main({DRIVE_VARIABLE: uri}, nobody_sleeps) == hosted.REFUSED
    assert repr(uri) in capsys.readouterr().err


def test_a_platform_that_runs_no_drivers_says_so(project: Path) -> None:
    run = made(project, "{name: hello, command: ['true']}")
    with pytest.raises(TargetError, match="cannot run the driver"):
        hosting.host(api.open_place("local", project), run)
