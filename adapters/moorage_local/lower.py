"""Lower a step job to one process of this machine. Pure."""

from collections.abc import Mapping

from moorage.errors import Unsupported
from moorage.ports import JobName, Request, StepJob
from moorage.spec.models import Resources
from moorage.step.request import STEP_VARIABLE
from moorage_local.target import LocalTarget

NO_SPOT = "this machine cannot be taken away, so it has no spot price"
NO_GPU = "moorage does not hand out this machine's GPUs yet"
NO_NODES = "this machine is one node"

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
        environment={STEP_VARIABLE: job.request_uri},
        resources=job.resources,
        timeout_seconds=job.timeout_seconds,
        tags=job.owner.as_tags(),
        secrets=job.secrets,
        start=job.start,
        code=job.code,
        modules=job.modules,
    )


def _refuse(job: StepJob, target: LocalTarget) -> None:
    asked, step = job.resources, f"step {(job.owner.step or job.name)!r}"
    if asked.spot:
        raise Unsupported(f"{step} asks for a spot machine; {NO_SPOT}", fix="set `resources.spot: false`")
    if asked.gpu is not None:
        raise Unsupported(f"{step} asks for a GPU; {NO_GPU}", fix=f"remove `resources.gpu`, or {_ELSEWHERE}")
    if asked.nodes > 1:
        fix = f"set `resources.nodes: 1`, or {_ELSEWHERE}"
        raise Unsupported(f"{step} asks for {asked.nodes} nodes; {NO_NODES}", fix=fix)
    if asked.cpu > target.cpu or asked.memory_gib > target.memory_gib:
        has = _amount(target.cpu, target.memory_gib)
        message = f"{step} asks for {_amount(asked.cpu, asked.memory_gib)}; this machine has {has}"
        raise Unsupported(message, fix=f"lower `resources.cpu` or `resources.memory`, or {_ELSEWHERE}")


def _amount(cpu: float, memory_gib: float) -> str:
    return f"{cpu:g} CPU, {round(memory_gib, 2):g} GiB"


_ELSEWHERE = "run it in an environment that has more"
