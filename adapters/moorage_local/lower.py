"""Lower a step job to one process of this machine. Pure."""

from collections.abc import Mapping

from moorage.errors import Unsupported
from moorage.ports import JobName, Request, StepJob
from moorage.spec.models import Gpu, Resources
from moorage.step.request import STEP_VARIABLE
from moorage_local import gpus
from moorage_local.shares import GPU_VARIABLE, Share
from moorage_local.target import LocalTarget

NO_SPOT = "this machine cannot be taken away, so it has no spot price"

LAUNCH = ("-P", "-c", "from moorage_local.launch import main; main()")
"""What the interpreter is given; `-P` keeps a `json.py` of the user's from being taken for the real one."""


class LocalRequest(Request):
    """One process: what it is called, started with, and may use; `secrets` are references.

    `start` is `interpreter` or `fork`, or None to let the connection choose; a fork is of a process that has
    `modules` of `code` loaded.
    """

    name: JobName
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    resources: Resources
    timeout_seconds: float
    tags: Mapping[str, str]
    secrets: Mapping[str, str]
    start: str | None
    code: str | None
    modules: tuple[str, ...]


def lower(job: StepJob, target: LocalTarget) -> LocalRequest:
    """Return the process that runs this job. Raises Unsupported for what this machine cannot give."""
    _refuse(job, target)
    return LocalRequest(
        name=job.name,
        argv=(target.python, *LAUNCH),
        environment=_environment(job, target),
        resources=job.resources,
        timeout_seconds=job.timeout_seconds,
        tags=job.owner.as_tags(),
        secrets=job.secrets,
        start=job.start,
        code=job.code,
        modules=job.modules,
    )


def _environment(job: StepJob, target: LocalTarget) -> dict[str, str]:
    # A step that asks for no GPU sees none; one that does is told by its own process which it got.
    return {STEP_VARIABLE: job.request_uri, GPU_VARIABLE: "", **_share(job.resources, target).as_variables()}


def _share(asked: Resources, target: LocalTarget) -> Share:
    held = None if asked.memory_gib is None else int(asked.nodes * asked.memory_gib * 2**30)
    models = _models(asked.gpu, asked.nodes, target) if asked.gpu else {}
    return Share(nodes=asked.nodes, memory_bytes=held, gpus=asked.all_gpus, models=models)


def _models(asked: Gpu, nodes: int, target: LocalTarget) -> dict[str, tuple[str, ...]]:
    found = gpus.models(asked, target.gpus).items()
    return {model: uuids for model, uuids in found if len(uuids) >= nodes * asked.count}


def _refuse(job: StepJob, target: LocalTarget) -> None:
    asked, step = job.resources, f"step {(job.owner.step or job.name)!r}"
    if asked.spot:
        raise Unsupported(f"{step} asks for a spot machine; {NO_SPOT}", fix="set `resources.spot: false`")
    if asked.gpu is not None and not _models(asked.gpu, asked.nodes, target):
        there = f"this machine has {gpus.listed(target.gpus)}" if target.gpus else target.no_gpus
        seen = f"{step} asks for {gpus.described(asked.gpu, asked.nodes)}; {there}"
        raise Unsupported(seen, fix=f"change `resources.gpu`, or {_ELSEWHERE}")
    if asked.nodes * asked.cpu > target.cpu or asked.nodes * asked.counted_memory_gib > target.memory_gib:
        has, lower_what = _amount(target.cpu, target.memory_gib), "`resources.cpu` or `resources.memory`"
        each = _amount(asked.cpu, asked.counted_memory_gib)
        if asked.nodes > 1:
            each, lower_what = f"{asked.nodes} nodes of {each} each", "`resources.nodes`, `cpu` or `memory`"
        raise Unsupported(f"{step} asks for {each}; this machine has {has}", fix=f"lower {lower_what}, or {_ELSEWHERE}")


def _amount(cpu: float, memory_gib: float) -> str:
    return f"{cpu:g} CPU, {round(memory_gib, 2):g} GiB"


_ELSEWHERE = "run it in an environment that has more"
