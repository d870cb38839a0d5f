"""A table as a person names it: a file, or what a run left, as in `last:ingest.wines`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from moorage.errors import SpecError
from moorage.runs import api
from moorage.spec.finding import did_you_mean
from moorage.step.request import Artifact
from moorage.store import fetch_file


@dataclass(frozen=True)
class Named:
    """What a text named: a file, or else an artifact of a run."""

    text: str
    path: Path | None = None
    artifact: Artifact | None = None


def named(text: str, environment: str, project: Path | None) -> Named:
    """Return what `text` names; SpecError when there is no such file, run or output."""
    if Path(text).is_file():
        return Named(text, path=Path(text))
    run, colon, reference = text.partition(":")
    if not colon or "." not in reference or "/" in text:
        raise SpecError(f"there is no table {text!r}", fix="name a file, or a run's output: RUN:STEP.OUTPUT")
    place = api.open_place(environment, project)
    outputs = api.Run(api.read_record(place, api.find_run(place, run))).outputs
    tables = {name: artifact for name, artifact in outputs.items() if artifact.kind == "table"}
    if reference not in tables:
        raise SpecError(
            f"run {run} left no table {reference!r}", fix=did_you_mean(reference, tables, "name another run")
        )
    return Named(text, artifact=tables[reference])


@contextmanager
def as_file(table: Named, environment: str, project: Path | None) -> Iterator[Path]:
    """Yield a path at which the table can be read for the time being."""
    if table.artifact is None:
        yield Path(table.text)
        return
    with tempfile.TemporaryDirectory(prefix="moorage-") as scratch:
        path = Path(scratch, table.artifact.filename or "table.parquet")
        fetch_file(api.open_place(environment, project).store, table.artifact.digest, path)
        yield path
