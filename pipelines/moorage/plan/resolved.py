"""The resolved spec of a run: the pipeline and the digests of all that it froze. It is `spec.json`."""

from collections.abc import Mapping

from moorage.plan.names import job_name
from moorage.ports import JobName, Owner, StepJob
from moorage.spec.models import Model, Pipeline, Step
from moorage.step.paths import attempt_folder, request_key
from moorage.step.request import Artifact, BentoBuild, StepInput, StepOutput, StepRequest


class Resolved(Model):
    """A pipeline as it runs: any machine that reads this can drive the run.

    `code` is the digest of the archive, `modules` those of the modules each step reaches,
    `contracts` maps a reference to the digest of its compiled form, `bentos` a step to its folder
    in the archive, `images` a step to what it runs in.
    """

    pipeline: Pipeline
    environment: str
    store: str
    code: str | None = None
    modules: Mapping[str, str] = {}
    contracts: Mapping[str, str] = {}
    bentos: Mapping[str, str] = {}
    images: Mapping[str, str] = {}


def step_job(resolved: Resolved, run: str, step: Step, attempt: int) -> StepJob:
    """Return one attempt of `step` as adapters take it; the same for the same run, to the byte."""
    name = job_name(run, step.name, attempt)
    owner = Owner(
        environment=resolved.environment, pipeline=resolved.pipeline.name, run=run, step=step.name, attempt=attempt
    )
    return StepJob(
        name=name,
        owner=owner,
        image=resolved.images[step.name],
        request_uri=f"{resolved.store}/{request_key(attempt_folder(run, step.name, attempt))}",
        resources=step.resources,
        timeout_seconds=step.timeout.start + step.timeout.run,
        queue_seconds=step.timeout.queue,
        secrets=step.secrets,
        start=step.start,
        code=resolved.code,
        modules=() if step.run is None else (step.run.partition(":")[0],),
    )


def step_request(
    resolved: Resolved, run: str, step: Step, attempt: int, inputs: Mapping[str, Artifact], key: str
) -> StepRequest:
    """Return what the attempt's process is asked to do."""
    return StepRequest(
        run=run,
        step=step.name,
        attempt=attempt,
        job=JobName(job_name(run, step.name, attempt)),
        store=resolved.store,
        pipeline=resolved.pipeline.name,
        environment=resolved.environment,
        key=key,
        function=step.run,
        command=step.command,
        bento=None if step.bento is None else BentoBuild(resolved.bentos[step.name], step.bento.model),
        code=resolved.code,
        parameters=dict(step.parameters),
        inputs=tuple(_input(resolved, step, name, artifact) for name, artifact in inputs.items()),
        outputs=tuple(
            StepOutput(name, item.kind.value, _digest(resolved, item.contract), item.on_breach.value)
            for name, item in step.all_outputs.items()
        ),
        secrets=dict(step.secrets),
        timeout_seconds=step.timeout.run,
        nodes=step.resources.nodes,
        memory_gib=step.resources.memory_gib,
        start=step.start,
    )


def _input(resolved: Resolved, step: Step, name: str, artifact: Artifact) -> StepInput:
    digest = _digest(resolved, step.inputs[name].contract)
    return StepInput(name, artifact, () if digest is None else (digest,))


def _digest(resolved: Resolved, reference: str | None) -> str | None:
    return None if reference is None else resolved.contracts[reference]
