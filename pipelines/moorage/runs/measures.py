"""What a gate's references come to: numbers from artifacts, and drift against an earlier run."""

from datetime import UTC, datetime

from moorage.contracts.drift import drift
from moorage.contracts.guarded import profile_guarded
from moorage.contracts.profile import Profile, profile_from_json
from moorage.errors import NotFound, SpecError
from moorage.journal import RunRecord, read_record
from moorage.models import resolve
from moorage.runs.gates import Measured, measure
from moorage.runs.outside import local_copy
from moorage.runs.summary import list_summaries
from moorage.spec.models import Pipeline, Step
from moorage.states import RunState
from moorage.step.request import Artifact
from moorage.store import Store, read_blob


def measure_gate(store: Store, pipeline: Pipeline, record: RunRecord, step: Step) -> dict[str, Measured]:
    """Return what each metric reference of the gate comes to."""
    return {reference: _measure(store, pipeline, record, reference) for reference in step.require or ()}


def _measure(store: Store, pipeline: Pipeline, record: RunRecord, reference: str) -> Measured:
    step, output, metric = reference.split(".", 2)
    artifact = record.steps[step].outputs[output]
    if metric == "drift":
        return _drift(store, pipeline, record, step, output)
    return measure(artifact, metric)


def _drift(store: Store, pipeline: Pipeline, record: RunRecord, step: str, output: str) -> Measured:
    asked = pipeline.step(step).outputs[output].drift
    against = asked.against if asked else "last"
    current = _profile(store, record.steps[step].outputs[output])
    baseline = _baseline(store, pipeline, record, step, output, against)
    if current is None or baseline is None:
        return Measured(None, f"nothing to compare with: {_what(against)}")
    found = drift(baseline, current)
    if not found.judgeable:
        return Measured(0.0, f"{found.value:.3g} was seen, but with too few rows to judge")
    return Measured(found.value, f"{found.column}, {found.metric}" if found.column else "")


def _what(against: str) -> str:
    return "no earlier run succeeded" if against == "last" else f"no table there for drift.against: {against}"


def _profile(store: Store, artifact: Artifact | None) -> Profile | None:
    if artifact is None or artifact.profile is None:
        return None
    return profile_from_json(read_blob(store, artifact.profile))


def _baseline(
    store: Store, pipeline: Pipeline, record: RunRecord, step: str, output: str, against: str
) -> Profile | None:
    if "/" in against:
        with local_copy(against) as path:
            return profile_guarded(path)
    run = _last_success(store, record) if against == "last" else _run_behind(store, pipeline, against)
    if run is None:
        return None
    made = run.steps.get(step)
    return None if made is None else _profile(store, made.outputs.get(output))


def _last_success(store: Store, record: RunRecord) -> RunRecord | None:
    for summary in list_summaries(store, datetime.now(UTC)):
        same = summary.pipeline == record.pipeline and summary.environment == record.environment
        if same and summary.id < record.id and summary.state is RunState.SUCCEEDED:
            return read_record(store, summary.id)
    return None


def _run_behind(store: Store, pipeline: Pipeline, stage: str) -> RunRecord | None:
    model = next((step.bento.model for step in pipeline.steps if step.bento), pipeline.name)
    try:
        return read_record(store, resolve(store, f"{model}@{stage}").run)
    except (NotFound, SpecError):
        return None
