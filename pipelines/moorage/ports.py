"""What an adapter promises: one step becomes one native job, and nothing more.

Order, retries, caching, gates and resume are moorage's own and live above this module.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NewType, Protocol, runtime_checkable

from moorage.frozen import Frozen
from moorage.spec.models import Model, Resources
from moorage.states import Cause, State

DRIVE_VARIABLE = "MOORAGE_DRIVE"
"""The environment variable of a hosted driver: the URI of its document in the store."""
REFUSED_CODE = 2
"""The exit code of a hosted driver that has no run which it could ever drive: it is not to be started again."""

JobName = NewType("JobName", str)
"""`mr-<run>-<step>-<attempt>-<hash>`: at most 50 characters, legal on every platform."""


class Target(Model):
    """The platform's part of an environment; each adapter has its own."""


class Owner(Model):
    """Who a job belongs to; written on it as tags, so that it is found with no local state.

    A job's own owner is complete; in a search, None matches anything.
    """

    environment: str
    pipeline: str | None = None
    run: str | None = None
    step: str | None = None
    attempt: int | None = None

    def as_tags(self) -> dict[str, str]:
        """Return the tags; all values are lower case, at most 63 characters."""
        fields = self.model_dump(exclude_none=True)
        return {f"moorage-{key}": str(value) for key, value in fields.items()}


class StepJob(Model):
    """One attempt of one step, ready to be lowered.

    `timeout_seconds` is what the platform may give the job at most, its start included; `queue_seconds` is how long
    it may wait for a place before that, should no driver be left to give it up. `secrets` maps an environment
    variable to `name/key`. `modules` are what the job imports first, from the archive whose digest is `code`, for a
    platform that can have them loaded already; `start` says whether it may.
    """

    name: JobName
    owner: Owner
    image: str
    request_uri: str
    resources: Resources
    timeout_seconds: float
    queue_seconds: float = 86400.0
    secrets: Mapping[str, str] = {}
    start: str | None = None
    code: str | None = None
    modules: tuple[str, ...] = ()


class DriverJob(Model):
    """The driver of one run as a job of the platform itself; `document_uri` is what it reads first.

    Its command is `python -m moorage.runs.hosted`, with one environment variable, `DRIVE_VARIABLE`. It may be
    started again and again until it ends with exit code 0: a driver goes on where its journal ends.
    """

    name: JobName
    owner: Owner
    image: str
    document_uri: str


class Request(Model):
    """The platform's own body for one job, as data: each adapter has its own."""


class Handle(Frozen):
    """What is needed to find a job again from any machine with no local state."""

    platform: str
    job: JobName
    data: Mapping[str, str]


class Observation(Frozen):
    """One reading of a job: `raw` is the platform's own word, `reason` a sentence or empty.

    `cause` is what the platform says of a failure; None leaves it to the job's own result.
    """

    handle: Handle
    state: State
    raw: str
    reason: str = ""
    cause: Cause | None = None


class Capacity(Frozen):
    """What steps may use at one time where the platform has no queue of its own."""

    cpu: float
    memory_gib: float
    gpus: int = 0


class Capabilities(Frozen):
    """What a platform can do; a string is the reason why it cannot."""

    spot: bool | str
    gpu: bool | str
    nodes: bool | str
    secrets: bool | str
    images: bool | str


class Connection(Protocol):
    """A platform reached: the only part of an adapter that does I/O."""

    def submit(self, request: Any, key: str) -> Handle:
        """Start the job and return its handle; the same `key` never starts a second job, it adopts the first.

        Raises PlatformError (or a subclass of it) when the platform refuses, and TargetError when the
        environment lacks something, such as a secret.
        """
        ...

    def observe(self, handles: Sequence[Handle]) -> Sequence[Observation]:
        """Return one reading per handle, in their order, in few calls; a job not found is `missing`."""
        ...

    def owned(self, owner: Owner) -> Iterator[Handle]:
        """Yield every job that carries the tags of `owner`; its None fields match anything."""
        ...

    def logs(self, handle: Handle) -> Iterator[str]:
        """Yield the platform's own log lines of a job, oldest first; nothing for one that is gone."""
        ...

    def cancel(self, handle: Handle) -> None:
        """Stop the job; afterwards nothing of it runs or costs. A job that is gone is left alone."""
        ...

    def forget(self, handle: Handle) -> None:
        """Let go of what the platform keeps of an ended job; a job that runs, or is gone, is left alone."""
        ...

    def close(self) -> None:
        """Let go of what this process holds ready; jobs go on, and the connection can still be used."""
        ...

    def wait(self, handles: Sequence[Handle], seconds: float) -> None:
        """Return when one of the jobs may have ended, or when `seconds` are over."""
        ...


@runtime_checkable
class Adapter(Protocol):
    """One platform; importing it loads no SDK, only `connect` does."""

    @property
    def platform(self) -> str:
        """The platform's name, as an environment document says it."""
        ...

    @property
    def Target(self) -> type[Target]:  # noqa: N802 - it is a class
        """The model of this platform's part of an environment."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the platform can do, known with no connection."""
        ...

    def capacity(self, target: Any) -> Capacity | None:
        """Return what fits at one time, or None where the platform queues by itself."""
        ...

    def lower(self, job: StepJob, target: Any) -> Request:
        """Return the platform's body for `job`: pure. Raises Unsupported for what it cannot honour."""
        ...

    def connect(self, target: Any) -> Connection:
        """Return the platform, reached; imports the SDK. Raises TargetError when that is not installed."""
        ...


@runtime_checkable
class Hosts(Protocol):
    """What an adapter has besides when its platform can run the driver of a run, so that no machine has to wait."""

    def lower_driver(self, job: DriverJob, target: Any) -> Request:
        """Return the platform's body for the driver: pure; it is submitted as any other job."""
        ...

    def inside(self, target: Any) -> Target:
        """Return the target as a job of the platform sees it, without what only its user's machine has."""
        ...


@runtime_checkable
class TellsOfDrivers(Protocol):
    """What the connection of a platform that runs drivers has besides."""

    def say_driver(self, name: JobName) -> str:
        """Return in a sentence how a driver's job stands, and why it is not at work; the platform is asked once.

        Raises PlatformError when it does not tell.
        """
        ...


@runtime_checkable
class BuiltIn(Protocol):
    """What an adapter has besides when its platform is there with no `pulumi up`."""

    def here(self, project: Path) -> Target:
        """Return the target of this machine for the project in that folder."""
        ...
