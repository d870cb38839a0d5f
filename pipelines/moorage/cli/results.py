"""What a run left beside its journal: model versions, and the details of its failures."""

from collections.abc import Mapping

from moorage import models
from moorage.journal import RunRecord
from moorage.models import ModelVersion
from moorage.runs.api import Place
from moorage.runs.making import read_resolved
from moorage.states import StepState
from moorage.step.reading import read_result


def registered(place: Place, record: RunRecord) -> tuple[ModelVersion, ...]:
    """Return the versions that the run's `bento:` steps stand for, registered by it or taken from the cache."""
    if not any(item.kind == "bento" for step in record.steps.values() for item in step.outputs.values()):
        return ()
    steps = [step for step in read_resolved(place.store, record.id).pipeline.steps if step.bento]
    makers = {(record.steps[step.name].cached_from or record.id, step.name) for step in steps}
    names = dict.fromkeys(step.bento.model for step in steps if step.bento)
    return tuple(
        item for name in names for item in models.versions(place.store, name) if (item.run, item.step) in makers
    )


def failure_details(place: Place, record: RunRecord) -> Mapping[str, str]:
    """Return what the last attempt of each failed step said in full: the user's own frames first."""
    failed = [step for step in record.steps.values() if step.state is StepState.FAILED and step.attempts]
    found = {step.name: read_result(place.store, record.id, step.name, len(step.attempts)) for step in failed}
    return {name: result.detail for name, result in found.items() if result and result.detail}
