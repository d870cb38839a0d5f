"""One imaginary platform, and the runs that are driven on it."""

import uuid
from collections.abc import Mapping
from pathlib import Path

from moorage.journal import Journal, RunRecord
from moorage.plan.planning import Draft
from moorage.runs.driver import Driver
from moorage.runs.making import make_run, read_resolved
from moorage.runs.place import Place
from moorage.spec.models import Pipeline
from moorage.store import Store
from tests.rigs.imaginary import Imaginary, Outcome, imaginary_place, memory_store, resolved

Script = Mapping[tuple[str, int], Outcome]


class Stage:
    """One imaginary platform, and the runs that are driven on it."""

    def __init__(self, project: Path, script: Script, cpu: float | None, store: Store | None = None) -> None:
        self.store = store or memory_store(uuid.uuid4().hex)
        self.platform = Imaginary(self.store, script)
        self.place = imaginary_place(self.platform, project, cpu)

    def make(self, pipeline: Pipeline) -> str:
        """Make a run and return its id."""
        return make_run(self.place, Draft(resolved(pipeline, self.store), None, {}))

    def driver(self, run: str, name: str = "one", place: Place | None = None) -> Driver:
        """Return a driver of that run, on the platform's clock."""
        place = place or self.place
        journal = Journal.open(place.store, run, name)
        self.platform.now = max(self.platform.now, journal.record.created)
        frozen = read_resolved(place.store, run)
        return Driver(place, frozen, journal, name, lambda record, event: None, self.platform.clock)

    def drive(self, pipeline: Pipeline) -> RunRecord:
        """Make a run, drive it to its end, and return how it ended."""
        return self.driver(self.make(pipeline)).drive()
