"""A succeeded `bento:` step becomes a version of its model in the registry."""

from moorage.journal import RunRecord
from moorage.models import Candidate, ModelVersion, register
from moorage.plan.resolved import Resolved
from moorage.spec.models import Step
from moorage.step.paths import attempt_folder, request_key
from moorage.step.request import Artifact, StepRequest, request_from_json
from moorage.store import Store


def register_bento(
    store: Store, resolved: Resolved, record: RunRecord, step: Step, attempt: int
) -> ModelVersion | None:
    """Register what attempt `attempt` of a bento step made; None for a step that is none."""
    if step.bento is None:
        return None
    request = request_from_json(store.get(request_key(attempt_folder(record.id, step.name, attempt))))
    bento = record.steps[step.name].outputs["bento"]
    return register(
        store,
        Candidate(
            name=step.bento.model,
            run=record.id,
            step=step.name,
            attempt=attempt,
            pipeline=record.pipeline,
            environment=record.environment,
            bento=bento.digest,
            bento_size=bento.size,
            model=_model(request).digest,
            contract=_contract(request),
            code=resolved.code,
            metrics=_metrics(record),
        ),
    )


def _model(request: StepRequest) -> Artifact:
    return next(item.artifact for item in request.inputs if item.artifact.kind == "model")


def _contract(request: StepRequest) -> str | None:
    tables = [item for item in request.inputs if item.artifact.kind == "table"]
    return next((digest for item in tables for digest in item.contracts), None)


def _metrics(record: RunRecord) -> dict[str, float]:
    return {
        f"{step.name}.{name}.{metric}": value
        for step in record.steps.values()
        for name, artifact in step.outputs.items()
        for metric, value in (artifact.metrics or {}).items()
    }
