"""One measured figure, its goal and its floor, and the file that keeps them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tests.benchmarks.measure import middle


@dataclass(frozen=True)
class Figure:
    """`goal` is as it applies to this machine now; `floor` is a floor or a peer, measured in the same rounds."""

    name: str
    value: float
    goal: float | None
    better: Literal["lower", "higher"]
    unit: str
    floor: float | None
    samples: tuple[float, ...]

    @property
    def is_met(self) -> bool | None:
        """Whether it reaches its goal; None when it has none."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal


def figure(
    name: str, unit: str, samples: Sequence[float], goal: float | None = None, floor: float | None = None
) -> Figure:
    """Return the figure whose value is the median of `samples`; lower is better."""
    return Figure(name, middle(samples), goal, "lower", unit, floor, tuple(samples))


def keep(path: Path, group: str, figures: Sequence[Figure]) -> None:
    """Put the figures of one group into the file, in place of those that it had of it."""
    kept = json.loads(path.read_bytes()) if path.is_file() else []
    others = [item for item in kept if not item["name"].startswith(f"{group}: ")]
    own = [{**asdict(each), "name": f"{group}: {each.name}"} for each in figures]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(others + own, indent=1) + "\n")
