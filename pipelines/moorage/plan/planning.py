"""From a spec and an environment to what would be sent: pure of the platform, and offline."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from blake3 import blake3

from moorage.code import Code, bento_path, collect, module_digest, problems_in_code, step_digest
from moorage.code.sources import sources
from moorage.errors import MoorageError, Problem, SpecError, Unsupported
from moorage.frozen import Frozen
from moorage.plan.images import resolve_image
from moorage.plan.resolved import Resolved, step_job
from moorage.ports import Adapter, Request, Target
from moorage.spec.models import Pipeline, Step
from moorage.store import Store


class Draft(Frozen):
    """A resolved spec with the bytes that a run freezes beside it; `contract_data` is by reference."""

    resolved: Resolved
    code: Code | None
    contract_data: Mapping[str, bytes]
    notes: tuple[str, ...] = ()


class PlannedStep(Frozen):
    """One step as it would be sent; `request` is None for what the driver judges itself."""

    step: Step
    request: Request | None


class Forecast(Frozen):
    """What is known of one step: the run whose result would stand for it, or why it would run."""

    cached_from: str | None
    because: str


def draft(
    pipeline: Pipeline, folder: Path, environment: str, store: Store, adapter: Adapter, is_offline: bool = False
) -> Draft:
    """Return the pipeline with everything resolved that a run freezes; offline, names of images are left as they are.

    `folder` is the spec's own. SpecError, all problems at once, for what the code does not have.
    """
    problems = problems_in_code(pipeline, folder)
    if problems:
        raise SpecError.of(problems)
    code = collect(pipeline, folder)
    contracts = _contracts(pipeline, folder, code)
    resolved = Resolved.model_construct(  # all of it is valid already: a thousand steps would be looked at again
        pipeline=pipeline,
        environment=environment,
        store=store.uri,
        code=code.digest,
        modules=_modules(pipeline, code),
        contracts={reference: f"blake3:{blake3(data).hexdigest()}" for reference, data in contracts.items()},
        bentos={step.name: bento_path(step) for step in pipeline.steps if step.bento},
        images=_images(pipeline, None if is_offline else store, adapter),
    )
    return Draft(resolved, code, contracts)


def lower_all(resolved: Resolved, run: str, adapter: Adapter, target: Target) -> tuple[PlannedStep, ...]:
    """Return what each step's first attempt sends. Unsupported, all at once, for what the platform cannot honour."""
    problems: list[Problem] = []
    planned: list[PlannedStep] = []
    for step in resolved.pipeline.steps:
        try:
            job = step_job(resolved, run, step, 1) if step.is_job else None
            planned.append(PlannedStep(step, None if job is None else adapter.lower(job, target)))
        except MoorageError as error:
            problems += error.problems
    if problems:
        raise Unsupported.of(problems)
    return tuple(planned)


def contract_references(pipeline: Pipeline) -> tuple[str, ...]:
    """Return every contract that the pipeline names, each once, in the order of the spec."""
    return tuple(dict.fromkeys(_references(pipeline.steps)))


def _modules(pipeline: Pipeline, code: Code) -> dict[str, str]:
    jobs = [step for step in pipeline.steps if step.is_job]
    # Once for each function, since many steps may share one.
    digests = {what: step_digest(code, step) for what, step in {step.run or step.name: step for step in jobs}.items()}
    return {step.name: digests[step.run or step.name] for step in jobs}


def _images(pipeline: Pipeline, store: Store | None, adapter: Adapter) -> dict[str, str]:
    asked = {step.name: step.image for step in pipeline.steps if step.is_job}
    found = {image: resolve_image(adapter, store, image) for image in set(asked.values())}
    return {step: found[image] for step, image in asked.items()}


def _references(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        yield from (item.contract for item in step.inputs.values() if item.contract)
        yield from (item.contract for item in step.outputs.values() if item.contract)


def _contracts(pipeline: Pipeline, folder: Path, code: Code) -> dict[str, bytes]:
    references = contract_references(pipeline)
    if not references:
        return {}
    from moorage.contracts.compiled import contract_to_json  # here: many pipelines have no contract
    from moorage.contracts.compiler import compile_contracts

    source = blake3("".join(module_digest(code, reference) for reference in references).encode()).hexdigest()
    roots = [root.folder for root in sources(pipeline, folder).roots]
    compiled = compile_contracts(references, roots, source)
    return {reference: contract_to_json(compiled[reference]) for reference in references}
