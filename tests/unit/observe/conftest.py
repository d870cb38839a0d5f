"""Runs on an imaginary platform with a store in a folder, which the process of an observer can read too."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from moorage.journal import Event, Journal, RunRecord, events
from moorage.observe.__main__ import Observer
from moorage.observe.watched import Watched
from moorage.plan.planning import Draft
from moorage.runs.driver import Driver
from moorage.runs.making import make_run, read_resolved
from moorage.spec.models import Pipeline
from moorage.states import Cause, State
from moorage.step.request import Artifact, StepResult
from moorage.store import open_store, put_bytes
from tests.rigs.imaginary import Imaginary, Outcome, imaginary_place, resolved

Script = Mapping[tuple[str, int], Outcome]
Make = Callable[[Watched], Observer]


def failing(cause: Cause, message: str = "it broke") -> Outcome:
    """Return how an attempt goes that fails for that cause."""
    return Outcome(StepResult(State.FAILED, cause, message, detail="line 1\nline 2"), ends=State.FAILED)


class Scene:
    """An imaginary platform, a store in a folder, and runs whose events go to an observer in this process."""

    def __init__(self, folder: Path, script: Script) -> None:
        self.store = open_store(folder / "store")
        self.store.ensure()
        self.platform = Imaginary(self.store, script)
        self.place = imaginary_place(self.platform, folder, None)

    def artifact(self, kind: str = "file", **fields: object) -> Artifact:
        """Return an artifact whose bytes are in the store."""
        blob = put_bytes(self.store, b"bytes")
        return Artifact(kind, blob.digest, blob.size, **fields)  # type: ignore[arg-type]

    def make(self, *steps: Mapping[str, object], **fields: object) -> str:
        """Make a run of these steps and return its id."""
        kinds = {"require", "approval", "bento"}
        work = [
            {} if kinds & set(step) else {"run": "acme.steps:work", "parameters": {"who": step["name"]}}
            for step in steps
        ]
        full = [{**some, **step} for some, step in zip(work, steps, strict=True)]
        pipeline = Pipeline.model_validate({"name": "acme", "steps": full, **fields})
        bentos = {step.name: step.bento.path for step in pipeline.steps if step.bento}
        frozen = resolved(pipeline, self.store).model_copy(update={"bentos": bentos})
        return make_run(self.place, Draft(frozen, None, {}))

    def journal(self, run: str) -> Journal:
        """Return the journal of the run, opened by a driver."""
        journal = Journal.open(self.store, run, "driver")
        self.platform.now = max(self.platform.now, journal.record.finished or journal.record.created)
        return journal

    def drive(self, run: str, make: Make, until: Callable[[Event], bool] | None = None) -> RunRecord:
        """Drive the run to its end with an observer, or let the driver leave at the event that `until` knows."""
        return self.go_on(self.journal(run), make, until)

    def resume(self, run: str, make: Make) -> RunRecord:
        """Let all that did not succeed wait again, as `moorage resume` does, and drive the run to its end."""
        journal = self.journal(run)
        again = tuple(name for name, step in journal.record.steps.items() if step.state in ("failed", "skipped"))
        journal.note(events.RunResumed(at=self.platform.now, steps=again))
        return self.go_on(journal, make)

    def go_on(self, journal: Journal, make: Make, until: Callable[[Event], bool] | None = None) -> RunRecord:
        """Drive the run of that journal."""
        frozen = read_resolved(self.store, journal.record.id)
        observer = make(Watched(journal.record, frozen, self.store.uri, os.getcwd()))

        def watch(record: RunRecord, event: Event) -> None:
            observer.note(record, event)
            if until and until(event):
                driver.leave()

        driver = Driver(self.place, frozen, journal, "driver", watch, self.platform.clock)
        record = driver.drive()
        observer.close()
        return record


@pytest.fixture
def scene(tmp_path: Path) -> Callable[..., Scene]:
    """Return a function that sets a scene: how attempts go."""
    return lambda script=None: Scene(tmp_path, script or {})


@dataclass
class Listener:
    """A server on loopback that keeps what is posted to it, and answers with `status`."""

    url: str = ""
    status: int = 200
    posts: list[tuple[str, bytes]] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Listener]:
    """Yield a server that listens."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            listener.posts.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(listener.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listener.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield listener
        server.shutdown()
        thread.join()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found
