"""The order of a pipeline's steps, and what hangs on what. Pure."""

from collections.abc import Iterable, Mapping

from moorage.spec import waiting
from moorage.spec.models import Pipeline


def order(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the steps so that each comes after what it waits for, and else as in the file.

    ValueError when steps wait for each other; `cycle` says which.
    """
    ordered = waiting.order(pipeline.needs)
    if len(ordered) < len(pipeline.by_name):
        raise ValueError(f"steps wait for each other: {' -> '.join(cycle(pipeline) or ())}")
    return ordered


def cycle(pipeline: Pipeline) -> tuple[str, ...] | None:
    """Return a loop of steps, each waiting for the next, the first once more at the end; None without one."""
    return waiting.cycle(pipeline.needs)


def dependants(pipeline: Pipeline) -> Mapping[str, tuple[str, ...]]:
    """Return, for each step, the steps that wait for it directly, in the order of the file."""
    return waiting.dependants(pipeline.needs)


def downstream(pipeline: Pipeline, step: str) -> tuple[str, ...]:
    """Return every step that waits for `step`, directly or not, in the order of the file; KeyError when unknown."""
    return _reached(pipeline, (step,), dependants(pipeline))


def upstream(pipeline: Pipeline, step: str) -> tuple[str, ...]:
    """Return every step that `step` waits for, directly or not, in the order of the file; KeyError when unknown."""
    return _reached(pipeline, (step,), pipeline.needs)


def _reached(pipeline: Pipeline, start: Iterable[str], edges: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    found: set[str] = set()
    todo = [next_ for name in start for next_ in edges[name]]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += edges[name]
    return tuple(step.name for step in pipeline.steps if step.name in found)
