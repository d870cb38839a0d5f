"""What runs anew when a run is resumed: what ended without a success, and what made bytes that are gone."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from moorage.errors import MoorageError
from moorage.journal import Journal, RunRecord, StepRecord, events
from moorage.runs.outside import pin
from moorage.spec.models import Pipeline, Step
from moorage.store import Store, has_blob


def wait_again(store: Store, pipeline: Pipeline, journal: Journal) -> None:
    """Note which steps wait again, and see that what they read from outside is in the store."""
    pin_again(store, pipeline, journal.record)
    if again := steps_again(store, pipeline, journal.record):
        journal.note(events.RunResumed(at=max(journal.latest, datetime.now(UTC)), steps=again))


def steps_again(store: Store, pipeline: Pipeline, record: RunRecord) -> tuple[str, ...]:
    """Return the steps that must wait again, in the order of the spec.

    A success is among them only when a step that is going to run reads something of it that the store has lost,
    or that was taken out of the store because its bytes had changed.
    """
    again = {name for name, stands in record.steps.items() if _has_failed(stands)}
    left = [name for name, stands in record.steps.items() if name in again or _will_start(stands)]
    while left:
        for maker, digest in _needed(pipeline.step(left.pop()), record):
            if maker not in again and not has_blob(store, digest):
                again.add(maker)
                left.append(maker)
    return tuple(name for name in record.steps if name in again)


def pin_again(store: Store, pipeline: Pipeline, record: RunRecord) -> None:
    """Put what came from outside into the store once more, where a step still needs it and it is gone.

    When it cannot be had any more, or is not what it was, the step that reads it will say so.
    """
    for step in pipeline.steps:
        stands = record.steps[step.name]
        for name, pinned in stands.inputs.items():
            uri = step.inputs[name].uri
            if uri and not stands.state.has_outputs and not has_blob(store, pinned.digest):
                with suppress(MoorageError):
                    pin(store, step.inputs[name], uri)


def _has_failed(stands: StepRecord) -> bool:
    return stands.state.is_terminal and not stands.state.has_outputs


def _will_start(stands: StepRecord) -> bool:
    # What is with the platform has its inputs, or finds out by itself that they are gone.
    return not stands.state.is_terminal and not stands.state.is_active


def _needed(step: Step, record: RunRecord) -> Iterator[tuple[str, str]]:
    for maker, output in (item.source for item in step.inputs.values() if item.source):
        if artifact := record.steps[maker].outputs.get(output):
            yield maker, artifact.digest
    for maker, output, metric in (reference.split(".", 2) for reference in step.require or ()):
        artifact = record.steps[maker].outputs.get(output)
        if artifact and artifact.profile and metric == "drift":
            yield maker, artifact.profile
