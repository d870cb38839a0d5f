"""Runs that were never really run: everything that a page reads of them, written as driver and jobs would have."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from moorage.contracts.histogram import Histogram, fit, key_of
from moorage.contracts.profile import ColumnProfile, Moments, Profile, profile_to_json
from moorage.contracts.report import CheckResult
from moorage.journal import Event, create, events, read_record
from moorage.plan.keys import step_key
from moorage.plan.resolved import Resolved
from moorage.runs.summary import write_summary
from moorage.spec.models import Pipeline
from moorage.states import Cause, RunState, State, StepState
from moorage.step.paths import attempt_folder, log_key, result_key, utc
from moorage.step.request import Artifact, StepResult, to_json
from moorage.store import Store, put_bytes

START = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
EVIL = "<script>alert('no')</script>"
"""Text that a page must show and never run."""


@dataclass(frozen=True)
class Told:
    """What happened to one step; each of `fails` is the message of an attempt that failed before the last."""

    needs: Sequence[str] = ()
    fails: Sequence[str] = ()
    cause: Cause | None = None
    message: str | None = None
    log: Sequence[str] = ()
    metrics: Mapping[str, float] | None = None
    profile: Profile | None = None
    checks: Sequence[CheckResult] = ()
    quarantined: int = 0
    cached_from: str | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    ended: StepState | None = None
    is_asked: bool = False
    is_waiting: bool = False


def write_run(
    store: Store,
    run: str,
    steps: Mapping[str, Told],
    state: RunState | None = RunState.SUCCEEDED,
    parameters: Mapping[str, Any] | None = None,
    day: int = 0,
) -> str:
    """Write a run of the pipeline `harbour` to which all of this has happened; it is open when `state` is None."""
    start = START + timedelta(days=day)
    given = parameters or {}
    _write_spec(store, run, steps, given)
    first = events.RunCreated(
        at=start, run=run, pipeline="harbour", environment="local", steps=tuple(steps), parameters=given,
        by="ann", code=f"blake3:{'c' * 64}",
    )  # fmt: skip
    happened: list[Event] = []
    for number, (name, told) in enumerate(steps.items()):
        happened += _happened(store, run, name, told, start + timedelta(seconds=2 * number), given)
    if state is not None:
        happened.append(events.RunEnded(at=start + timedelta(seconds=2 * len(steps) + 2), state=state))
    create(store, "a-driver", first, *happened)
    write_summary(store, read_record(store, run), start)
    return run


def _write_spec(store: Store, run: str, steps: Mapping[str, Told], parameters: Mapping[str, Any]) -> None:
    written = [_spec(name, told) for name, told in steps.items()]
    spec = Pipeline.model_validate({"name": "harbour", "parameters": parameters, "steps": written})
    resolved = Resolved(pipeline=spec, environment="local", store=store.uri, images=dict.fromkeys(steps, "python-3.11"))
    store.put(f"runs/{run}/spec.json", resolved.model_dump_json(by_alias=True).encode())


def _spec(name: str, told: Told) -> Mapping[str, Any]:
    if told.spec:
        return {"name": name, "after": list(told.needs), **told.spec}
    outputs = {"scores": {"kind": "metrics"}} if told.metrics else {"table": {"kind": "table"}}
    return {"name": name, "run": "acme.steps:work", "after": list(told.needs), "outputs": outputs}


def _happened(
    store: Store, run: str, name: str, told: Told, at: datetime, parameters: Mapping[str, Any]
) -> Iterator[Event]:
    key, parts = key_of_step(name, parameters)
    if told.is_waiting:
        return
    if told.is_asked:
        yield events.ApprovalAsked(at=at, step=name)
    elif told.ended:
        yield events.StepEnded(at=at, step=name, state=told.ended, cause=told.cause, message=told.message)
    elif told.cached_from:
        outputs = _outputs(store, told)
        yield events.StepCached(
            at=at, step=name, key=key, parts=parts, outputs=outputs, source_run=told.cached_from, source_attempt=1
        )
    else:
        last = len(told.fails) + 1
        for number, message in enumerate((*told.fails, None), start=1):
            result = _result(store, told, message, is_last=number == last)
            yield from _attempt(store, run, name, number, result, at, key, parts)
            _write(store, run, name, number, result, told.log)
            at += timedelta(seconds=0.8)
            if number < last:
                yield events.StepRetrying(at=at, step=name, not_before=at)


def key_of_step(name: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the key that a step has, and its parts."""
    parts = {"code": f"blake3:{'d' * 64}", "runs": name, "parameter seed": str(parameters.get("seed"))}
    return step_key(parts), parts


def _result(store: Store, told: Told, message: str | None, is_last: bool) -> StepResult:
    if not is_last:
        return StepResult(State.FAILED, cause=Cause.USER, message=message, detail=f"steps.py:3 in work\n    {message}")
    state = State.FAILED if told.cause else State.SUCCEEDED
    aside = {"table": Artifact("table", f"blake3:{'b' * 64}", 99, rows=told.quarantined)} if told.quarantined else {}
    return StepResult(
        state,
        cause=told.cause,
        message=told.message,
        detail=f"acme/steps.py:12 in work\n    raise {told.message}" if told.cause else None,
        outputs={} if told.cause else _outputs(store, told),
        checks=tuple(told.checks),
        quarantined=aside,
        cpu_seconds=0.31,
        peak_memory_mib=64.0,
        start="fork",
        host="here",
    )


def _outputs(store: Store, told: Told) -> dict[str, Artifact]:
    if told.spec and "run" not in told.spec:
        return {}
    if told.metrics:
        return {"scores": Artifact("metrics", f"blake3:{'e' * 64}", 40, metrics=told.metrics)}
    profile = put_bytes(store, profile_to_json(told.profile)).digest if told.profile else None
    rows = told.profile.rows if told.profile else 10
    return {"table": Artifact("table", f"blake3:{'a' * 64}", 228_058, "table.parquet", rows, profile)}


def _attempt(
    store: Store, run: str, name: str, number: int, result: StepResult, at: datetime, key: str, parts: Mapping[str, str]
) -> Iterator[Event]:
    yield events.AttemptIntended(
        at=at, step=name, attempt=number, job=f"mr-{run}-{name}-{number}", key=key, parts=parts
    )
    yield events.AttemptSubmitted(at=at, step=name, attempt=number, handle={"pid": "1"})
    running = at + timedelta(seconds=0.2)
    yield events.AttemptObserved(at=running, step=name, attempt=number, state=State.RUNNING)
    yield events.AttemptFinished(
        at=at + timedelta(seconds=0.7), step=name, attempt=number, state=result.state, cause=result.cause,
        message=result.message, outputs=result.outputs, quarantined=result.quarantined,
        checks=tuple(check for check in result.checks if check.failed),
    )  # fmt: skip


def _write(store: Store, run: str, name: str, number: int, result: StepResult, log: Sequence[str]) -> None:
    folder = attempt_folder(run, name, number)
    store.put(result_key(folder), to_json(result))
    if log:
        stamp = utc(START.timestamp())
        store.put(log_key(folder, 1), "".join(f"{stamp} {line}\n" for line in log).encode())


def numbers(name: str, values: Sequence[float], kind: str = "number") -> ColumnProfile:
    """Return the profile of a column of numbers."""
    counts: dict[int, int] = {}
    for value in values:
        counts[key_of(value)] = counts.get(key_of(value), 0) + 1
    mean = sum(value / len(values) for value in values)
    moments = Moments(len(values), mean, 0.0, min(values), max(values))
    return ColumnProfile(
        name, kind, 3, distinct=len(counts), moments=moments, histogram=fit(Histogram(0, tuple(sorted(counts.items()))))
    )


def words_of(name: str, counts: Mapping[str, int], other: int = 0) -> ColumnProfile:
    """Return the profile of a column of texts."""
    return ColumnProfile(name, "category", 0, distinct=len(counts), top=tuple(counts.items()), other=other)


def ships(rows: int = 1500, columns: int = 2) -> Profile:
    """Return the profile of a table of ships."""
    lengths = [
        numbers(f"length_{at}", [float(number % 97) * 1.37 + at for number in range(rows)]) for at in range(columns)
    ]
    return Profile(rows, (*lengths, words_of("flag", {"NO": rows // 2, "SE": rows - rows // 2})))


def eventful() -> Mapping[str, Told]:
    """Return steps to which everything happens: a retry, a breach, a failure, a gate, an approval, the cache."""
    breach = CheckResult("table", "Ships", "length", "gt(0)", 12, 1500, ((3, "-1.0"), (9, EVIL)))
    held = CheckResult("table", "Ships", "flag", "not null", 0, 1500)
    gate = {"require": {"evaluate.scores.auc": ">= 0.9"}}
    said = "evaluate.scores.auc is 0.871; >= 0.9 was required"
    return {
        "ingest": Told(
            profile=ships(), checks=(breach, held), quarantined=12, log=["reading", EVIL, "\x1b[31mred\x1b[0m"]
        ),
        "weather": Told(fails=(f"ConnectionError: {EVIL}",), log=["asking the weather"]),
        "clean": Told(needs=("ingest",), cached_from="rbefore", profile=ships()),
        "train": Told(needs=("clean", "weather"), log=[f"epoch {number}" for number in range(50)]),
        "evaluate": Told(needs=("train",), metrics={"auc": 0.871, "rows": 9686.0}),
        "explain": Told(needs=("train",), cause=Cause.USER, message="KeyError: 'importance'", log=["explaining"]),
        "gate": Told(spec=gate, ended=StepState.FAILED, cause=Cause.GATE, message=said),
        "publish": Told(
            needs=("gate",),
            spec={"command": ["true"]},
            ended=StepState.SKIPPED,
            message="it waits for gate, which failed",
        ),
        "approve": Told(needs=("train",), spec={"approval": {"by": ["harbour-master"]}}, is_asked=True),
        "announce": Told(needs=("approve",), spec={"command": ["echo", EVIL]}, is_waiting=True),
    }


def chain(size: int, told: Told) -> Mapping[str, Told]:
    """Return steps that wait each for the one before."""
    return {f"step-{at:03}": replace(told, needs=(f"step-{at - 1:03}",) if at else ()) for at in range(size)}


def fan(size: int, told: Told) -> Mapping[str, Told]:
    """Return one step, many that wait for it, and one that waits for them all."""
    middle = {f"part-{at:03}": replace(told, needs=("source",)) for at in range(size - 2)}
    return {"source": told, **middle, "sink": replace(told, needs=tuple(middle))}


def busy() -> Told:
    """Return a step of which there is much to tell."""
    checks = tuple(
        CheckResult("table", "Ships", f"length_{at}", "gt(0)", at % 3, 1500, ((3, "-1.0"),)) for at in range(40)
    )
    log = tuple(f"line {number} of a log that says rather much about what it is doing just now" for number in range(60))
    return Told(profile=ships(columns=30), checks=checks, log=log)
