"""Which steps of a run that is not made yet would be taken from the cache. Reads the store, changes nothing."""

from collections.abc import Mapping

from moorage.graph import order
from moorage.plan.keys import key_parts, step_key
from moorage.plan.planning import Forecast
from moorage.plan.resolved import Resolved
from moorage.runs.cache import look_up
from moorage.spec.models import Step
from moorage.step.request import Artifact
from moorage.store import Store


def forecast(store: Store, resolved: Resolved) -> Mapping[str, Forecast]:
    """Return what would become of each step that is a job, by its name."""
    outputs: dict[str, Mapping[str, Artifact]] = {}
    found: dict[str, Forecast] = {}
    for name in order(resolved.pipeline):
        step = resolved.pipeline.step(name)
        if step.is_job:
            found[name] = _of_step(store, resolved, step, outputs)
    return found


def _of_step(store: Store, resolved: Resolved, step: Step, outputs: dict[str, Mapping[str, Artifact]]) -> Forecast:
    if not step.cache:
        return Forecast(None, "it says cache: false")
    for name, item in step.inputs.items():
        if item.source is None and item.uri is not None:
            return Forecast(None, f"input {name} comes from outside and is read when the run starts")
        if item.source and item.source[0] not in outputs:
            return Forecast(None, f"{item.source[0]} runs before it")
    inputs = {name: outputs[item.source[0]][item.source[1]] for name, item in step.inputs.items() if item.source}
    entry = look_up(store, step_key(key_parts(step, resolved, inputs))).entry
    if entry is None:
        return Forecast(None, "nothing with its key has succeeded yet")
    outputs[step.name] = entry.outputs
    return Forecast(entry.run, f"run {entry.run} had the same key")
