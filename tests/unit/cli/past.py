"""Runs that were never really run: their journals, written as a driver would have."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from moorage.contracts.report import CheckResult
from moorage.journal import Event, create, events, read_record
from moorage.plan.resolved import Resolved
from moorage.runs.summary import write_summary
from moorage.spec.models import Pipeline
from moorage.states import Cause, RunState, State, StepState
from moorage.step.request import Artifact
from moorage.store import Store

START = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
METRICS = Artifact("metrics", f"blake3:{'0' * 64}", 10, metrics={"auc": 0.9912, "rows": 200000.0})


@dataclass(frozen=True)
class Past:
    """Writes runs of the pipeline `wines` into a store."""

    store: Store

    def make(self, run: str, *happened: Event, steps: tuple[str, ...] = ("train",), day: int = 0) -> str:
        """Write a run to which all of this has happened."""
        at = START + timedelta(days=day)
        first = events.RunCreated(
            at=at, run=run, pipeline="wines", environment="local", steps=steps, parameters={"seed": 7}, by="ann"
        )
        jobs = [{"name": name, "command": ["true"]} for name in steps if name not in ("gate", "approve")]
        judged = [{"name": "approve", "approval": {}}] if "approve" in steps else []
        spec = Pipeline.model_validate({"name": "wines", "steps": [*jobs, *judged]})
        resolved = Resolved(
            pipeline=spec, environment="local", store=self.store.uri, images=dict.fromkeys(steps, "here")
        )
        self.store.put(f"runs/{run}/spec.json", resolved.model_dump_json(by_alias=True).encode())
        create(self.store, "a-driver", first, *happened)
        write_summary(self.store, read_record(self.store, run), at)
        return run

    def succeeded(self, run: str, day: int = 0, code: str = "one") -> str:
        """Write a run of one step that took 3.2 s and left metrics."""
        ended = events.RunEnded(at=START + timedelta(days=day, seconds=4), state=RunState.SUCCEEDED)
        return self.make(run, *attempt("train", code=code), ended, day=day)

    def failed(self, run: str, cause: Cause, message: str, *checks: CheckResult) -> str:
        """Write a run of two steps, of which the first failed."""
        skipped = events.StepEnded(at=after(3.2), step="evaluate", state=StepState.SKIPPED, message="train failed")
        ended = events.RunEnded(at=after(4), state=RunState.FAILED)
        tried = attempt("train", cause=cause, message=message, checks=checks)
        return self.make(run, *tried, skipped, ended, steps=("train", "evaluate"))


def after(seconds: float) -> datetime:
    """Return the time so many seconds after the runs began."""
    return START + timedelta(seconds=seconds)


def attempt(
    step: str,
    number: int = 1,
    *,
    cause: Cause | None = None,
    message: str | None = None,
    checks: tuple[CheckResult, ...] = (),
    code: str = "one",
) -> tuple[Event, ...]:
    """Return what happens to an attempt of 3.2 s: it succeeds, unless there is a cause."""
    state, outputs = (State.FAILED, {}) if cause else (State.SUCCEEDED, {"scores": METRICS})
    return (
        events.AttemptIntended(
            at=START, step=step, attempt=number, job=f"mr-{step}", key="0" * 64, parts={"code": code, "runs": step}
        ),
        events.AttemptSubmitted(at=START, step=step, attempt=number, handle={"pid": "1"}),
        events.AttemptObserved(at=START, step=step, attempt=number, state=State.RUNNING),
        events.AttemptFinished(
            at=after(3.2), step=step, attempt=number, state=state, cause=cause, message=message, outputs=outputs,
            checks=checks,
        ),
    )  # fmt: skip
