"""What MLflow is told of a run, as a function of the record. Pure."""

import json
from collections.abc import Mapping

from moorage.journal import RunRecord
from moorage.models import ModelVersion
from moorage.states import RunState
from moorage.step.request import Artifact

RUN_TAG = "moorage.run"
"""The tag that finds the run of MLflow that belongs to one of ours."""

STATUSES: Mapping[RunState, str] = {
    RunState.RUNNING: "RUNNING",
    RunState.WAITING: "RUNNING",
    RunState.STALLED: "RUNNING",
    RunState.CANCELLING: "RUNNING",
    RunState.SUCCEEDED: "FINISHED",
    RunState.FAILED: "FAILED",
    RunState.CANCELLED: "KILLED",
}
"""Total: MLflow's word for each of ours."""


def parameters_of(record: RunRecord) -> dict[str, str]:
    """Return the pipeline's parameters as text; what is no text as JSON."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in record.parameters.items()}


def metrics_of(record: RunRecord) -> dict[str, float]:
    """Return all numbers of all outputs of kind metrics, as `step.output.metric`."""
    return {
        f"{name}.{metric}": float(value)
        for name, artifact in _outputs(record).items()
        for metric, value in (artifact.metrics or {}).items()
    }


def tags_of(record: RunRecord) -> dict[str, str]:
    """Return what the run is, and the digest of each output."""
    digests = {f"moorage.artifact.{name}": artifact.digest for name, artifact in _outputs(record).items()}
    told = {
        RUN_TAG: record.id,
        "moorage.pipeline": record.pipeline,
        "moorage.environment": record.environment,
        "moorage.state": record.state.value,
        "moorage.code": record.code,
        "mlflow.user": record.by,
        "mlflow.source.name": record.pipeline,
        "mlflow.source.type": "JOB",
    }
    return {name: value for name, value in told.items() if value} | digests


def model_tags(versions: tuple[ModelVersion, ...]) -> dict[str, str]:
    """Return where moorage's registry has what the run made: `name@version`."""
    return {f"moorage.model.{item.name}": f"{item.name}@{item.version}" for item in versions}


def _outputs(record: RunRecord) -> dict[str, Artifact]:
    return {
        f"{step.name}.{name}": artifact for step in record.steps.values() for name, artifact in step.outputs.items()
    }
