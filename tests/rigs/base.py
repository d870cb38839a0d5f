"""A rig: an adapter on a platform that we control, so that one suite holds for every adapter."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from moorage.errors import PlatformError
from moorage.ports import Adapter, Connection, Handle, JobName, Observation, Owner, Request, StepJob, Target
from moorage.registry import adapter
from moorage.spec.models import Resources
from moorage.states import State
from moorage.step.paths import attempt_folder, claims_prefix, logs_prefix, request_key, result_key
from moorage.step.request import StepRequest, StepResult, result_from_json, to_json
from moorage.store import Entry, Store, open_store

PATIENCE_SECONDS = 90.0
"""How long a test waits for something before it fails; never how long it takes."""


class Impossible(Exception):
    """The platform cannot be brought to do this."""


@dataclass(frozen=True)
class Work:
    """What a job of the suite does: one command, and what it asks for. `run` and `step` say which job it is."""

    command: tuple[str, ...] = ("true",)
    run: str = "r1"
    step: str = "hello"
    resources: Resources = field(default_factory=Resources)
    secrets: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 120.0


class Rig(ABC):
    """The adapter of `platform`, and what a test may ask of the platform behind it."""

    platform: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._submitted: list[Handle] = []

    @cached_property
    def adapter(self) -> Adapter:
        """The adapter, as its entry point names it."""
        return adapter(self.platform)

    @cached_property
    def store(self) -> Store:
        """The store that the jobs read and write."""
        return open_store(self.folder / "store")

    @cached_property
    def connection(self) -> Connection:
        """The platform, reached."""
        return self.connect()

    def connect(self) -> Connection:
        """Return the platform reached anew, as another driver would."""
        return self.adapter.connect(self.target)

    def close(self) -> None:
        """End every job that a test left running, and what the connection keeps ready."""
        for handle in self._submitted:
            self.connection.cancel(handle)
        self.connection.close()
        vars(self).pop("connection", None)

    def job(self, work: Work) -> StepJob:
        """Return the job that does the work; its `request.json` is in the store."""
        found = job_of(work, f"{self.store.uri}/{request_key(_attempt(work))}")
        asked = StepRequest(
            run=work.run, step=work.step, attempt=1, job=found.name, store=self.store.uri, pipeline="suite",
            environment=self.platform, key="0" * 64, command=work.command, secrets=work.secrets,
            nodes=work.resources.nodes, memory_gib=work.resources.memory_gib,
        )  # fmt: skip
        self.store.put(request_key(_attempt(work)), to_json(asked))
        return found

    def lower(self, work: Work) -> Any:
        """Return the platform's own body for the work."""
        return self.adapter.lower(self.job(work), self.target)

    def submit(self, request: Any, key: str) -> Handle:
        """Start the job, or adopt it."""
        handle = self.connection.submit(request, key)
        self._submitted.append(handle)
        return handle

    def observe(self, handle: Handle) -> Observation:
        """Return one reading."""
        return self.connection.observe([handle])[0]

    def await_state(self, handle: Handle, *states: State, by: Connection | None = None) -> Observation:
        """Return the first reading that is one of the states."""
        connection = by or self.connection
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (seen := connection.observe([handle])[0]).state not in states:
            assert time.monotonic() < deadline, f"still {seen}; it printed {list(connection.logs(handle))}"
            connection.wait([handle], 0.02)
        return seen

    def await_end(self, handle: Handle, by: Connection | None = None) -> Observation:
        """Return the first reading that is terminal."""
        return self.await_state(handle, *(state for state in State if state.is_terminal), by=by)

    def await_log(self, work: Work, text: str) -> None:
        """Return when the job has written the text to its log."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not any(text.encode() in self.store.get(entry.key) for entry in self._log(work)):
            assert time.monotonic() < deadline, f"no {text!r} in the log"
            time.sleep(0.02)

    def run(self, work: Work) -> Observation:
        """Return how the work ends."""
        return self.await_end(self.submit(self.lower(work), key=_key(work)))

    def result(self, work: Work) -> StepResult:
        """Return what the job itself said of its end."""
        return result_from_json(self.store.get(result_key(_attempt(work))))

    def starts(self, work: Work) -> int:
        """Return how many jobs have ever begun with the work."""
        return len(list(self.store.list(claims_prefix(_attempt(work)))))

    def _log(self, work: Work) -> Iterator[Entry]:
        return self.store.list(logs_prefix(_attempt(work)))

    @property
    @abstractmethod
    def target(self) -> Target:
        """Where the jobs go."""

    @property
    @abstractmethod
    def golden_target(self) -> Target:
        """A target that is the same on every machine."""

    @abstractmethod
    def violations(self, request: Any) -> Sequence[str]:
        """Return what the platform's own schema has against the request."""

    @property
    @abstractmethod
    def native_states(self) -> Sequence[str]:
        """Every word for a state that the platform's own model lists."""

    @property
    @abstractmethod
    def mapped_states(self) -> Sequence[str]:
        """Every word that the adapter's table has."""

    @abstractmethod
    def state_of(self, word: str) -> State:
        """Return what the adapter makes of one word."""

    @property
    @abstractmethod
    def crashes(self) -> Sequence[str]:
        """The places in a submit at which `crash` can kill the submitter."""

    @abstractmethod
    def crash(self, request: Request, key: str, place: str) -> None:
        """Submit from a process of its own, which is killed at that place."""

    @abstractmethod
    def submit_from_many(self, request: Request, key: str, count: int) -> Sequence[Handle]:
        """Submit at one time from as many processes, and return what each got."""

    @abstractmethod
    def leftovers(self, handle: Handle) -> Sequence[str]:
        """Return what of the job still runs or costs."""

    @abstractmethod
    def keep_secret(self, reference: str, value: str) -> None:
        """Put a secret where the platform's jobs find it."""

    @abstractmethod
    def refusing(self, kind: type[PlatformError]) -> AbstractContextManager[Any]:
        """Let the platform refuse the request that is returned, for that reason; else raise Impossible."""


def job_of(work: Work, request_uri: str) -> StepJob:
    """Return the job that does the work which `request_uri` describes."""
    return StepJob(
        name=JobName(f"mr-{work.run}-{work.step}-1-abc123"),
        owner=Owner(environment="suite", pipeline="suite", run=work.run, step=work.step, attempt=1),
        image="registry.example/steps@sha256:0000",
        request_uri=request_uri,
        resources=work.resources,
        timeout_seconds=work.timeout_seconds,
        secrets=work.secrets,
    )


def _attempt(work: Work) -> str:
    return attempt_folder(work.run, work.step, 1)


def _key(work: Work) -> str:
    return f"{work.run}-{work.step}"
