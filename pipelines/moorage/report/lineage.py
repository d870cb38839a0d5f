"""Where a run's artifacts came from, and what came of them: a query over journals, the cache and the registry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from moorage import models
from moorage.errors import MoorageError, NotFound
from moorage.journal import RunRecord, StepRecord, read_record
from moorage.models import ModelVersion
from moorage.plan.resolved import Resolved
from moorage.spec.models import Pipeline
from moorage.store import Store

LATER_RUNS = 100
"""So many runs after this one are looked through for what they took from it."""


@dataclass(frozen=True)
class Maker:
    """The attempt that really made a step's outputs; `attempt` is None when its run is gone."""

    run: str
    step: str
    attempt: int | None


@dataclass(frozen=True)
class Lineage:
    """`makers` are by step, `readers` (names of steps) by step and output, `later_runs` by step."""

    makers: Mapping[str, Maker]
    readers: Mapping[tuple[str, str], tuple[str, ...]]
    later_runs: Mapping[str, tuple[str, ...]]
    models: tuple[ModelVersion, ...]
    stages: Mapping[str, tuple[str, ...]]
    known: tuple[ModelVersion, ...]
    later_runs_seen: int

    def models_of(self, digest: str) -> tuple[str, ...]:
        """Return the model versions, as `name@1`, that hold the artifact of that digest."""
        return tuple(reference(item) for item in self.known if digest in (item.model, item.bento))


def reference(version: ModelVersion) -> str:
    """Return how commands name the version: `name@1`."""
    return f"{version.name}@{version.version}"


def read_lineage(store: Store, record: RunRecord, resolved: Resolved) -> Lineage:
    """Return what lies before and after the artifacts of `record`."""
    makers = dict(_makers(store, record))
    known = tuple(item for name in models.names(store) for item in models.versions(store, name))
    made = {(maker.run, maker.step) for maker in makers.values()}
    ours = tuple(item for item in known if (item.run, item.step) in made)
    later, seen = _later_runs(store, record)
    return Lineage(makers, _readers(resolved.pipeline), later, ours, _stages(store, ours), known, seen)


def _makers(store: Store, record: RunRecord) -> Iterator[tuple[str, Maker]]:
    sources = {run: _find(store, run) for run in {step.cached_from for step in record.steps.values()} if run}
    for step in record.steps.values():
        if step.cached_from:
            yield step.name, _source(step, step.cached_from, sources[step.cached_from])
        elif step.attempt is not None:
            yield step.name, Maker(record.id, step.name, step.attempt.number)


def _source(step: StepRecord, run: str, source: RunRecord | None) -> Maker:
    # Steps that are the same share one key, so it need not be the step of the same name.
    for other in source.steps.values() if source else ():
        if other.key == step.key and other.attempt is not None:
            return Maker(run, other.name, other.attempt.number)
    return Maker(run, step.name, None)


def _find(store: Store, run: str) -> RunRecord | None:
    try:
        return read_record(store, run)
    except NotFound:
        return None  # it is being made, or `gc` took it


def _readers(pipeline: Pipeline) -> Mapping[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], dict[str, None]] = {}
    for step in pipeline.steps:
        sources = [item.source for item in step.inputs.values() if item.source is not None]
        for name, output in [*sources, *(_metric(text) for text in step.require or ())]:
            found.setdefault((name, output), {})[step.name] = None
    return {source: tuple(names) for source, names in found.items()}


def _metric(text: str) -> tuple[str, str]:
    step, output, _ = text.split(".", 2)
    return step, output


def _later_runs(store: Store, record: RunRecord) -> tuple[Mapping[str, tuple[str, ...]], int]:
    later = list(islice((run for run in store.folders("runs/") if run > record.id), LATER_RUNS))
    keys = {step.key: step.name for step in record.steps.values() if step.key}
    found: dict[str, list[str]] = {}
    for run in later:
        for step in _steps_taken(store, run, record.id):
            if step in keys:
                found.setdefault(keys[step], []).append(run)
    return {name: tuple(dict.fromkeys(runs)) for name, runs in found.items()}, len(later)


def _steps_taken(store: Store, run: str, source: str) -> Iterator[str]:
    record = _find(store, run)
    steps = record.steps.values() if record else ()
    yield from (step.key for step in steps if step.cached_from == source and step.key)


def _stages(store: Store, versions: tuple[ModelVersion, ...]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(item.name for item in versions):
        try:
            pointers = models.stages(store, name)
        except MoorageError:
            continue  # a stage that is being made
        for item in versions:
            held = tuple(stage for stage, version in pointers.items() if version == item.version)
            found |= {reference(item): held} if item.name == name and held else {}
    return found
