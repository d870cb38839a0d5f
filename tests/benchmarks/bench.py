"""What the groups of figures share: where projects are made, and how often each command is measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.benchmarks.figure import Figure
from tests.benchmarks.measure import Command, Cost, Meter, interleaved
from tests.benchmarks.projects import Project, Step, project

Costs = Mapping[str, Sequence[Cost]]


@dataclass(frozen=True)
class Bench:
    """`times` is how often each command is measured; the groups that take long do with fewer."""

    meter: Meter
    folder: Path
    times: int
    _numbers: "count[int]" = field(default_factory=count)

    def project(self, steps: list[Step], start: str | None = None) -> Project:
        """Return a new project of these steps."""
        return project(self.folder / f"p{next(self._numbers)}", steps, start)

    def costs(self, commands: Mapping[str, Command], times: int | None = None) -> Costs:
        """Return what the commands cost, measured in turn."""
        return interleaved(self.meter, commands, times or self.times)


Group = Callable[[Bench], Sequence[Figure]]


def cpu(costs: Sequence[Cost]) -> list[float]:
    """Return the CPU seconds."""
    return [cost.cpu for cost in costs]


def net(costs: Sequence[Cost]) -> list[float]:
    """Return the net seconds."""
    return [cost.net for cost in costs]


def per_step_ms(few: Sequence[Cost], many: Sequence[Cost], steps: int) -> list[float]:
    """Return the net milliseconds of each of the `steps` that the larger of two runs has more, round by round."""
    return [1000 * (more.net - less.net) / steps for less, more in zip(few, many, strict=True)]
