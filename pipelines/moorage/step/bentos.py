"""Build a Bento in a step: the serving package does the work, here is the one place that calls it."""

from pathlib import Path

from moorage.errors import MoorageError
from moorage.states import Cause
from moorage.step.failures import one_line
from moorage.step.request import BentoBuild
from moorage.step.task import StepFailure, Task


def build_bento(task: Task, build: BentoBuild) -> None:
    """Build into the path of the output of kind bento; StepFailure with cause setup when that cannot be."""
    try:
        from moorage_serving.build import build_step
    except ImportError as error:
        seen = f"a Bento cannot be built here: {one_line(error)}; pip install 'moorage[serve]'"
        raise StepFailure(Cause.SETUP, seen) from error
    output = next((item for item in task.outputs if item.kind == "bento"), None)
    if output is None:
        raise StepFailure(Cause.SETUP, "the step builds a Bento and declares no output of kind bento")
    try:
        build_step(
            context=_context(task, build),
            model_name=build.model,
            inputs={item.name: Path(item.path) for item in task.inputs},
            artifacts={item.name: item.artifact for item in task.inputs},
            contracts={item.name: Path(item.contracts[0]) for item in task.inputs if item.contracts},
            to=Path(output.path),
        )
    except MoorageError as error:
        first, _, rest = str(error).partition("\n")
        raise StepFailure(Cause.SETUP, first, rest or None) from error


def _context(task: Task, build: BentoBuild) -> Path:
    context = Path(task.code or task.scratch) / build.path
    if not context.is_dir():
        raise StepFailure(Cause.SETUP, f"the folder {build.path!r} of the Bento is not in the code of the run")
    return context
