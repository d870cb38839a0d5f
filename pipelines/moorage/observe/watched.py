"""What an observer is told of a run before its first event."""

import os
from dataclasses import dataclass
from functools import cached_property

from pydantic import TypeAdapter

from moorage.journal import RunRecord
from moorage.plan.resolved import Resolved
from moorage.step.reading import read_result
from moorage.step.request import StepResult
from moorage.store import Store, open_store


@dataclass(frozen=True)
class Watched:
    """A run as it stood when its driver started; `store` is a URI, `project` a folder."""

    record: RunRecord
    resolved: Resolved
    store_uri: str
    project: str

    @cached_property
    def store(self) -> Store:
        """The store of the run."""
        return open_store(self.store_uri)

    def result(self, step: str, attempt: int, run: str | None = None) -> StepResult | None:
        """Return how an attempt of this run, or of `run`, ended, as its job said it; None for what is not there."""
        return read_result(self.store, run or self.record.id, step, attempt)

    def to_line(self) -> bytes:
        """Return one line of JSON."""
        return _WATCHED.dump_json(self, by_alias=True) + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Watched":
        """Return what `to_line` wrote."""
        return _WATCHED.validate_json(line)


def environment_of_observers() -> dict[str, str]:
    """Return the variables of an observer's process: the driver's own, and that nothing phones home."""
    return {
        "MLFLOW_ALLOW_FILE_STORE": "true",  # whoever names a folder means it
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
        "DO_NOT_TRACK": "1",
    }


_WATCHED: TypeAdapter[Watched] = TypeAdapter(Watched)
