"""Read from the store all that a page tells: the only part of the report that does I/O."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from moorage.contracts.profile import Profile, profile_from_json
from moorage.errors import MoorageError
from moorage.journal import RunRecord, StepRecord, read_record
from moorage.report.data import AttemptData, InputData, OutputData, ReportData, StepData
from moorage.report.lineage import Lineage, read_lineage
from moorage.runs.making import read_resolved
from moorage.runs.summary import present_state, read_summary
from moorage.runs.why import earlier_runs, explain
from moorage.spec.models import Step
from moorage.states import RunState
from moorage.step.paths import attempt_folder, logs_prefix, number_of
from moorage.step.reading import read_log, read_result
from moorage.step.request import Artifact, StepResult
from moorage.store import Store, read_blob

LOG_LINES = 30
"""So many lines of a log's end are read, at most."""

_TOGETHER = 8


def gather(store: Store, run: str, now: datetime) -> ReportData:
    """Return the run as it stands at `now`. NotFound when there is no such run."""
    record, resolved = read_record(store, run), read_resolved(store, run)
    lineage = read_lineage(store, record, resolved)
    before = earlier_runs(store, record, [name for name, step in record.steps.items() if step.key])

    def read(step: Step) -> StepData:
        return _step(store, record, step, before.get(step.name), lineage)

    with ThreadPoolExecutor(_TOGETHER) as pool:  # a bucket answers each call in tens of milliseconds
        steps = tuple(pool.map(read, resolved.pipeline.steps))
    return ReportData(
        record=record,
        state=_state(store, record, now),
        now=now,
        resolved=resolved,
        store=store.uri,
        steps=steps,
        models=lineage.models,
        stages=lineage.stages,
        later_runs_seen=lineage.later_runs_seen,
    )


def _state(store: Store, record: RunRecord, now: datetime) -> RunState:
    if record.state.is_terminal:
        return record.state
    state = read_summary(store, record.id, now).state
    # A summary is only a hint, but it alone knows whether the driver is alive.
    return state if state is RunState.STALLED else present_state(record)


def _step(store: Store, record: RunRecord, step: Step, before: RunRecord | None, lineage: Lineage) -> StepData:
    stands = record.steps[step.name]
    attempts = tuple(_attempt(store, record, stands, number) for number in range(1, len(stands.attempts) + 1))
    return StepData(
        spec=step,
        record=stands,
        why=explain(record, step.name, before),
        attempts=attempts,
        cached_result=_cached_result(store, stands, lineage),
        inputs=tuple(_input(record, step, name, lineage) for name in step.inputs),
        outputs=tuple(_output(store, step, stands, name, lineage) for name in stands.outputs),
    )


def _attempt(store: Store, record: RunRecord, step: StepRecord, number: int) -> AttemptData:
    result = read_result(store, record.id, step.name, number)
    parts = [number_of(entry.key) for entry in store.list(logs_prefix(attempt_folder(record.id, step.name, number)))]
    lines: list[str] = []
    first = len(parts)
    while first and len(lines) < LOG_LINES:
        first -= 1
        part = next(read_log(store, record.id, step.name, number, after=parts[first] - 1), None)
        lines = [*(part.lines if part else ()), *lines]
    return AttemptData(
        step.attempts[number - 1], result, tuple(lines[-LOG_LINES:]), not first and len(lines) <= LOG_LINES
    )


def _cached_result(store: Store, step: StepRecord, lineage: Lineage) -> StepResult | None:
    made = lineage.makers.get(step.name)
    if step.cached_from is None or made is None or made.attempt is None:
        return None
    return read_result(store, made.run, made.step, made.attempt)


def _input(record: RunRecord, step: Step, name: str, lineage: Lineage) -> InputData:
    item = step.inputs[name]
    if item.source is None:
        return InputData(name, record.steps[step.name].inputs.get(name), uri=item.uri)
    maker, output = item.source
    artifact = record.steps[maker].outputs.get(output)
    made = lineage.makers.get(maker)
    return InputData(name, artifact, made.run if made else None, maker, output)


def _output(store: Store, step: Step, stands: StepRecord, name: str, lineage: Lineage) -> OutputData:
    artifact = stands.outputs[name]
    return OutputData(
        name=name,
        artifact=artifact,
        profile=_profile(store, artifact),
        quarantined=stands.quarantined.get(name),
        readers=lineage.readers.get((step.name, name), ()),
        later_runs=lineage.later_runs.get(step.name, ()),
        models=lineage.models_of(artifact.digest),
    )


def _profile(store: Store, artifact: Artifact) -> Profile | None:
    if artifact.profile is None:
        return None
    try:
        return profile_from_json(read_blob(store, artifact.profile))
    except MoorageError:
        return None  # `gc` may have taken it, or a newer moorage wrote it: the page does without
