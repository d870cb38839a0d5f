"""An observer is told what is durable and nothing else; one that is slow, wrong or dead is no matter of the run's."""

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from moorage.journal import Journal, LostRun, events
from moorage.observe import feed, observed
from moorage.observe.configured import ObserverName
from moorage.observe.feed import Feed
from moorage.observe.identity import trace_id
from moorage.observe.watched import Watched
from moorage.runs.making import read_resolved
from moorage.runs.steering import drive
from moorage.states import RunState
from tests.unit.observe.conftest import Listener, Scene

SetScene = Callable[..., Scene]
SOON = 20.0
HANGS = "import signal; signal.pause()"
ONE_BY_ONE = "import sys; [open(sys.argv[1], 'ab').write(line) for line in sys.stdin.buffer]"
KEEPS = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"


@pytest.fixture
def observer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that puts a script in the place of every observer."""

    def put(code: str, *arguments: str) -> None:
        def start(name: ObserverName) -> "subprocess.Popen[bytes]":
            command = [sys.executable, "-c", code, *arguments]
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

        monkeypatch.setattr(feed, "_start", start)
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")

    return put


def _feed(scene: Scene, journal: Journal) -> Feed:
    resolved = read_resolved(scene.store, journal.record.id)
    return Feed(ObserverName.OTEL, Watched(journal.record, resolved, scene.store.uri, "."), journal)


def _note(scene: Scene, journal: Journal, feeding: Feed | None = None) -> None:
    event = events.DriverLeft(at=scene.platform.now, driver="driver")
    journal.note(event)
    if feeding:
        feeding.note(event)


def _told(path: Path) -> list[str]:
    return [json.loads(line)["event"] for line in path.read_bytes().splitlines()[1:]]


def test_what_never_became_durable_is_not_told(scene: SetScene, observer: Callable[..., None], tmp_path: Path):
    observer(KEEPS, str(tmp_path / "told"))
    there = scene()
    journal = there.journal(there.make({"name": "a"}))
    feeding = _feed(there, journal)
    _note(there, journal, feeding)
    journal.flush()
    other = there.journal(journal.record.id)
    _note(there, other)
    other.flush()
    _note(there, journal, feeding)
    with pytest.raises(LostRun):
        journal.flush()
    feeding.end()
    assert feeding.close(time.monotonic() + SOON) == ""
    assert _told(tmp_path / "told") == ["driver_left"]


def test_what_is_durable_is_told_while_the_next_is_not(scene: SetScene, observer: Callable[..., None], tmp_path: Path):
    observer(ONE_BY_ONE, str(tmp_path / "told"))
    there = scene()
    journal = there.journal(there.make({"name": "a"}))
    feeding = _feed(there, journal)
    _note(there, journal, feeding)
    _note(there, journal, feeding)
    journal.flush()
    _note(there, journal, feeding)
    until = time.monotonic() + SOON
    while not ((tmp_path / "told").exists() and len(_told(tmp_path / "told")) == 2) and time.monotonic() < until:
        threading.Event().wait(0.01)
    assert len(_told(tmp_path / "told")) == 2
    feeding.end()
    assert feeding.close(time.monotonic() + SOON) == ""
    assert len(_told(tmp_path / "told")) == 2


def test_an_observer_gets_the_run_as_it_stood(scene: SetScene, observer: Callable[..., None], tmp_path: Path):
    observer(KEEPS, str(tmp_path / "told"))
    there = scene()
    journal = there.journal(there.make({"name": "a"}, parameters={"rows": 3}))
    feeding = _feed(there, journal)
    feeding.end()
    assert feeding.close(time.monotonic() + SOON) == ""
    watched = Watched.from_line((tmp_path / "told").read_bytes())
    assert watched.record == journal.record
    assert watched.resolved == read_resolved(there.store, journal.record.id)


def test_an_observer_that_hangs_is_ended(scene: SetScene, observer: Callable[..., None]):
    observer(HANGS)
    there = scene()
    feeding = _feed(there, there.journal(there.make({"name": "a"})))
    feeding.end()
    assert "in time" in feeding.close(time.monotonic() + 0.2)
    feeding._thread.join(SOON)
    assert not feeding._thread.is_alive()


def test_an_observer_that_falls_behind_is_given_up(
    scene: SetScene, observer: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    observer(HANGS)
    monkeypatch.setattr(feed, "LIMIT", 5)
    there = scene()
    journal = there.journal(there.make({"name": "a"}))
    feeding = _feed(there, journal)
    for _ in range(20):
        _note(there, journal, feeding)
    feeding.end()
    assert "behind" in feeding.close(time.monotonic())


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("print('no such collector')", "no such collector"),
        ("raise SystemExit(3)", "status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "status -9"),
    ],
)
def test_an_observer_that_gives_up_is_one_line_and_the_run_goes_on(
    scene: SetScene, observer: Callable[..., None], caplog: pytest.LogCaptureFixture, code: str, complaint: str
):
    observer(code)
    there = scene()
    with caplog.at_level(logging.WARNING, "moorage"):
        run = drive(there.place, there.make({"name": "a"}, {"name": "b"}))
    assert run.state is RunState.SUCCEEDED
    (line,) = caplog.messages
    assert complaint in line
    assert "OpenTelemetry" in line


def test_an_observer_that_cannot_be_started_is_one_line(
    scene: SetScene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    there = scene()
    assert drive(there.place, there.make({"name": "a"})).state is RunState.SUCCEEDED
    assert "cannot be started" in caplog.text


def test_an_error_of_the_run_is_not_hidden_by_its_observers(scene: SetScene, observer: Callable[..., None]):
    observer(KEEPS, "/dev/null")
    there = scene()
    journal = there.journal(there.make({"name": "a"}))
    frozen = read_resolved(there.store, journal.record.id)
    with pytest.raises(LostRun), observed(journal, frozen, there.store.uri, Path(), lambda record, event: None):
        raise LostRun("another driver has taken the run")


def test_a_run_is_sent_to_a_collector(scene: SetScene, listener: Listener, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", listener.url)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=ours,team=risk")
    there = scene()
    run = drive(there.place, there.make({"name": "a"}))
    traces = [ExportTraceServiceRequest.FromString(data) for path, data in listener.posts if path == "/v1/traces"]
    spans = [span for sent in traces for span in sent.resource_spans[0].scope_spans[0].spans]
    assert {span.name for span in spans} == {"run acme", "step a", "attempt a"}
    assert {int.from_bytes(span.trace_id) for span in spans} == {trace_id(run.id)}
    about = {item.key: item.value.string_value for item in traces[0].resource_spans[0].resource.attributes}
    assert (about["service.name"], about["team"]) == ("ours", "risk")
    metrics = [ExportMetricsServiceRequest.FromString(data) for path, data in listener.posts if path == "/v1/metrics"]
    assert "moorage.steps" in str(metrics)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9", "OpenTelemetry: "),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
    ],
)
def test_a_collector_that_cannot_be_told_is_one_line(
    scene: SetScene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, value: str,
    complaint: str,
):  # fmt: skip
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv(name, value)
    there = scene()
    began = time.monotonic()
    assert drive(there.place, there.make({"name": "a"})).state is RunState.SUCCEEDED
    assert time.monotonic() - began < SOON
    (line,) = caplog.messages
    assert complaint in line
