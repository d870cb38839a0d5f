"""What a run left in the registry: its Bentos, as versions of their models."""

from moorage import models
from moorage.journal import RunRecord
from moorage.models import ModelVersion
from moorage.runs.api import Place
from moorage.runs.making import read_resolved


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
