"""What may move in a run, kept up to date event by event: a turn costs what changed, not the whole graph."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import TypeVar

from moorage.journal import RunRecord, StepRecord
from moorage.spec.models import Pipeline, Step
from moorage.states import StepState

Item = TypeVar("Item", str, int)


class Frontier:
    """The steps of one run that are with the platform (`active`), wait for a time (`retrying`), or could be next.

    Always what `Frontier(pipeline, record)` would be for the newest record that it was told of.
    """

    def __init__(self, pipeline: Pipeline, record: RunRecord) -> None:
        self._steps = pipeline.steps
        self._place = {step.name: number for number, step in enumerate(pipeline.steps)}
        self._waiters: dict[str, list[Step]] = {step.name: [] for step in pipeline.steps}
        for step in pipeline.steps:
            for name in step.dependencies:
                self._waiters[name].append(step)
        self.rebuild(record)

    def rebuild(self, record: RunRecord) -> None:
        """Start over from `record`."""
        steps = record.steps
        self.active = {name: None for name, step in steps.items() if step.state.is_active}
        self.retrying = {name: None for name, step in steps.items() if step.state is StepState.RETRYING}
        self.unfinished = sum(not step.state.is_terminal for step in steps.values())
        self._failed = sum(step.state is StepState.FAILED for step in steps.values())
        self._unmet = {step.name: sum(not _is_met(steps[name]) for name in step.dependencies) for step in self._steps}
        self._lost = {step.name: sum(_is_lost(steps[name]) for name in step.dependencies) for step in self._steps}
        self._open = {name for name, step in steps.items() if _is_open(step)}
        free = [step for step in self._steps if self._is_free(step.name)]
        self._jobs = [self._place[step.name] for step in free if self._wants_room(step)]
        self._others = {self._place[step.name]: None for step in free if not self._wants_room(step)}

    def touch(self, before: StepRecord, after: StepRecord) -> None:
        """Take in that one step has changed."""
        if after.state is before.state:
            return
        _keep(self.active, after.name, after.state.is_active)
        _keep(self.retrying, after.name, after.state is StepState.RETRYING)
        # A failed step that is retried is not failed any more, and what waits for it is not lost.
        self._failed += (after.state is StepState.FAILED) - (before.state is StepState.FAILED)
        self.unfinished += before.state.is_terminal - after.state.is_terminal
        (self._open.add if _is_open(after) else self._open.discard)(after.name)
        self._move(self._place[after.name])
        self._tell(before, after)

    @property
    def has_failed(self) -> bool:
        """Whether a step stands as failed."""
        return self._failed > 0

    def step(self, name: str) -> Step:
        """Return the step of that name."""
        return self._steps[self._place[name]]

    def jobs(self) -> Iterator[Step]:
        """Yield the steps that wait for nothing but room and time, in the order of the spec."""
        return (self._steps[number] for number in tuple(self._jobs))

    def others(self) -> Iterator[Step]:
        """Yield the gates and approvals whose time has come, and the steps that can never run."""
        return (self._steps[number] for number in tuple(self._others))

    def _tell(self, before: StepRecord, after: StepRecord) -> None:
        met, lost = _is_met(after) - _is_met(before), _is_lost(after) - _is_lost(before)
        for step in self._waiters[after.name] if met or lost else ():
            self._unmet[step.name] -= met
            self._lost[step.name] += lost
            self._move(self._place[step.name])

    def _move(self, number: int) -> None:
        step = self._steps[number]
        is_free, is_job = self._is_free(step.name), self._wants_room(step)
        _keep(self._others, number, is_free and not is_job)
        is_next = is_free and is_job
        at = bisect_left(self._jobs, number)
        was_next = at < len(self._jobs) and self._jobs[at] == number
        if is_next and not was_next:
            self._jobs.insert(at, number)
        elif was_next and not is_next:
            del self._jobs[at]

    def _wants_room(self, step: Step) -> bool:
        return step.is_job and not self._lost[step.name]

    def _is_free(self, name: str) -> bool:
        return name in self._open and (self._unmet[name] == 0 or self._lost[name] > 0)


def _keep(kept: dict[Item, None], item: Item, wanted: bool) -> None:
    if wanted:
        kept[item] = None
    else:
        kept.pop(item, None)


def _is_open(step: StepRecord) -> bool:
    return step.state in (StepState.WAITING, StepState.RETRYING)


def _is_met(step: StepRecord) -> bool:
    return step.state.has_outputs


def _is_lost(step: StepRecord) -> bool:
    return step.state.is_terminal and not step.state.has_outputs
