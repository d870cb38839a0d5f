"""A platform with a clock of its own: jobs move through states as a script says, and write their results.

What it promises is what any platform promises; there is nothing in it that counts calls.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from moorage.environments import Environment
from moorage.errors import PlatformError
from moorage.plan.resolved import Resolved
from moorage.ports import Capabilities, Capacity, Handle, JobName, Observation, Owner, Request, StepJob, Target
from moorage.runs.place import Place
from moorage.spec.models import Pipeline
from moorage.states import Cause, State
from moorage.step.paths import attempt_folder, result_key
from moorage.step.request import Artifact, StepResult, to_json
from moorage.store import Store, open_store

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """How an attempt goes: `seconds` queued, starting and running, then what the job records (None: nothing)."""

    result: StepResult | None = field(default_factory=lambda: StepResult(State.SUCCEEDED))
    queued: float = 0.0
    starting: float = 0.0
    running: float = 1.0
    ends: State = State.SUCCEEDED
    refused: Exception | None = None
    vanishes: bool = False


class ImaginaryTarget(Target):
    """Nothing is needed to reach a place that is not there."""

    cpu: float | None = None
    memory_gib: float = 64.0


class ImaginaryRequest(Request):
    """The body of a job."""

    name: str
    owner: Owner
    cpu: float


@dataclass
class _Job:
    request: ImaginaryRequest
    outcome: Outcome
    began: datetime
    cancelled: bool = False
    recorded: bool = False


class Imaginary:
    """Adapter, connection and clock in one; `script` maps `(step, attempt)` to how it goes."""

    platform = "imaginary"
    Target = ImaginaryTarget
    capabilities = Capabilities(spot=True, gpu=True, nodes=True, secrets=True, images="it has no images")

    def __init__(self, store: Store, script: Mapping[tuple[str, int], Outcome] | None = None) -> None:
        self.store, self.script, self.now = store, dict(script or {}), START
        self.jobs: dict[str, _Job] = {}
        self.most_at_once = 0
        self.on_wait: Callable[[], None] = lambda: None
        self.silence: PlatformError | None = None  # said instead of where jobs stand

    def clock(self) -> datetime:
        """Return the time there."""
        return self.now

    def capacity(self, target: ImaginaryTarget) -> Capacity | None:
        """Return what fits, or None when the target says nothing."""
        return None if target.cpu is None else Capacity(target.cpu, target.memory_gib, gpus=2)

    def lower(self, job: StepJob, target: ImaginaryTarget) -> ImaginaryRequest:
        """Return the body of a job."""
        return ImaginaryRequest(name=job.name, owner=job.owner, cpu=job.resources.cpu)

    def connect(self, target: ImaginaryTarget) -> "Imaginary":
        """Return itself."""
        return self

    def submit(self, request: ImaginaryRequest, key: str) -> Handle:
        """Start a job, or adopt the one of that name."""
        if key not in self.jobs:
            owner = request.owner
            outcome = self.script.get((owner.step or "", owner.attempt or 0), Outcome())
            if outcome.refused is not None:
                raise outcome.refused
            self.jobs[key] = _Job(request, outcome, self.now)
        self.most_at_once = max(self.most_at_once, sum(not self._state(job).is_terminal for job in self.jobs.values()))
        return Handle(self.platform, JobName(key), {"name": key})

    def observe(self, handles: Sequence[Handle]) -> Sequence[Observation]:
        """Return where the jobs stand now."""
        if self.silence:
            raise self.silence
        return [self._observe(handle) for handle in handles]

    def owned(self, owner: Owner) -> Iterator[Handle]:
        """Yield the jobs of that owner."""
        wanted = owner.model_dump(exclude_none=True).items()
        for name, job in self.jobs.items():
            if wanted <= job.request.owner.model_dump().items():
                yield Handle(self.platform, JobName(name), {"name": name})

    def logs(self, handle: Handle) -> Iterator[str]:
        """Yield nothing: nothing is printed there."""
        return iter(())

    def cancel(self, handle: Handle) -> None:
        """Stop a job; its process records nothing more."""
        job = self.jobs.get(handle.job)
        if job is not None and not self._state(job).is_terminal:
            job.cancelled = True

    def forget(self, handle: Handle) -> None:
        """Let go of an ended job."""
        job = self.jobs.get(handle.job)
        if job is not None and self._state(job).is_terminal:
            del self.jobs[handle.job]

    def close(self) -> None:
        """Let go of nothing: it holds nothing ready."""

    def wait(self, handles: Sequence[Handle], seconds: float) -> None:
        """Let the time pass, up to the next change of a job."""
        self.on_wait()
        until = min([self.now + timedelta(seconds=max(seconds, 0.001)), *self._changes()])
        self.now = max(until, self.now + timedelta(milliseconds=1))

    def _changes(self) -> Iterator[datetime]:
        for job in self.jobs.values():
            at = job.began
            for seconds in (job.outcome.queued, job.outcome.starting, job.outcome.running):
                at += timedelta(seconds=seconds)
                if at > self.now and not job.cancelled:
                    yield at

    def _observe(self, handle: Handle) -> Observation:
        job = self.jobs.get(handle.job)
        if job is None:
            return Observation(handle, State.MISSING, "gone")
        state = self._state(job)
        if state is not State.CANCELLED and state.is_terminal and job.outcome.result and not job.recorded:
            self._record(job, job.outcome.result)
        if job.outcome.vanishes and state.is_terminal:
            return Observation(handle, State.MISSING, "gone")
        return Observation(handle, state, state.value)

    def _state(self, job: _Job) -> State:
        if job.cancelled:
            return State.CANCELLED
        age = (self.now - job.began).total_seconds()
        for seconds, state in (
            (job.outcome.queued, State.QUEUED),
            (job.outcome.starting, State.STARTING),
            (job.outcome.running, State.RUNNING),
        ):
            if age < seconds:
                return state
            age -= seconds
        return job.outcome.ends

    def _record(self, job: _Job, result: StepResult) -> None:
        job.recorded = True
        owner = job.request.owner
        key = result_key(attempt_folder(owner.run or "", owner.step or "", owner.attempt or 0))
        self.store.put_if_absent(key, to_json(result))


def failure(cause: Cause = Cause.USER, message: str = "it broke") -> Outcome:
    """Return how an attempt goes that records a failure."""
    return Outcome(StepResult(State.FAILED, cause, message), ends=State.FAILED)


def metrics(**values: float) -> Artifact:
    """Return an artifact of kind metrics with these numbers."""
    return Artifact("metrics", "blake3:" + "0" * 64, 2, metrics=values)


def success(**outputs: Artifact) -> Outcome:
    """Return how an attempt goes that leaves these outputs."""
    return Outcome(StepResult(State.SUCCEEDED, outputs=outputs))


def lasting(outcome: Outcome, seconds: float) -> Outcome:
    """Return the same outcome, with a run of that many seconds."""
    return replace(outcome, running=seconds)


def imaginary_place(platform: Imaginary, project: Path, cpu: float | None = None) -> Place:
    """Return an environment on the imaginary platform."""
    target = ImaginaryTarget(cpu=cpu)
    environment = Environment(
        name="nowhere", platform="imaginary", target=target.model_dump(mode="json"), store=platform.store.uri
    )
    return Place(project, environment, platform.store, platform, target)


def resolved(pipeline: Pipeline, store: Store) -> Resolved:
    """Return the pipeline as a run freezes it, without code."""
    jobs = [step.name for step in pipeline.steps if step.is_job]
    return Resolved(
        pipeline=pipeline,
        environment="nowhere",
        store=store.uri,
        modules=dict.fromkeys(jobs, "none"),
        images=dict.fromkeys(jobs, "none"),
    )


def memory_store(name: str) -> Store:
    """Return a new store in memory."""
    return open_store(f"memory://{name}")
