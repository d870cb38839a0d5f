"""Runs from Python and from the command line: make them, find them, and all that steers them."""

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from moorage.errors import MoorageError, SpecError
from moorage.frozen import replaced
from moorage.journal import RunRecord, where
from moorage.journal import read_record as _read_record
from moorage.plan.planning import Draft, lower_all
from moorage.plan.resolved import Resolved
from moorage.runs.driver import Watch
from moorage.runs.hosting import can_host, check_hosting, host, say_driver
from moorage.runs.making import make_run
from moorage.runs.place import Place, open_place
from moorage.runs.preparing import prepare
from moorage.runs.run import Run
from moorage.runs.steering import cancel, check_free, command, drive, is_driverless, prepare_again, resume
from moorage.runs.summary import RunSummary, list_summaries
from moorage.runs.why import Change, Why, why
from moorage.spec.models import Pipeline

__all__ = [
    "LAST", "Change", "Draft", "Place", "Run", "RunSummary", "Why", "cancel", "command", "drive", "find_run",
    "is_driverless", "list_runs", "make", "open_place", "prepare", "read_record", "resume", "resume_detached", "run",
    "say_driver", "start", "start_detached", "why",
]  # fmt: skip

LAST = "last"
"""Stands for the newest run wherever a run is named."""


def run(
    spec: str | Path | Pipeline,
    *,
    environment: str = "local",
    parameters: Mapping[str, JsonValue] | None = None,
    project: Path | None = None,
    watch: Watch | None = None,
) -> Run:
    """Make a new run of `spec` in `environment` and drive it to its end.

    SpecError, TargetError or Unsupported when it cannot start; then nothing has run.
    A run that fails is returned, not raised: look at its `state`.
    """
    place, identity, frozen = make(spec, environment=environment, parameters=parameters, project=project)
    return drive(place, identity, watch, frozen=frozen)


def start(
    spec: str | Path | Pipeline,
    *,
    environment: str = "local",
    parameters: Mapping[str, JsonValue] | None = None,
    project: Path | None = None,
) -> tuple[Place, str]:
    """Make a new run that nobody drives yet; return where it is and its id. Raises as `run` does."""
    return make(spec, environment=environment, parameters=parameters, project=project)[:2]


def make(
    spec: str | Path | Pipeline,
    *,
    environment: str = "local",
    parameters: Mapping[str, JsonValue] | None = None,
    project: Path | None = None,
) -> tuple[Place, str, Resolved]:
    """Do as `start` does, and also return the spec as the run froze it, for who drives it at once."""
    place, made = prepare(spec, environment=environment, parameters=parameters, project=project)
    lower_all(made.resolved, "r0000000000", place.adapter, place.target)  # refuse now what could never run
    return place, make_run(place, made), made.resolved


def start_detached(
    spec: str | Path | Pipeline,
    *,
    environment: str = "local",
    parameters: Mapping[str, JsonValue] | None = None,
    project: Path | None = None,
) -> str:
    """Make a new run, give it a driver of its own, and return its id. Raises as `run` does.

    The driver is a job of the platform where that can run one, else a process of this machine. A run whose driver
    the platform did not take stays, for `resume`; the error names it.
    """
    check_hosting(open_place(environment, project))
    place, identity = start(spec, environment=environment, parameters=parameters, project=project)
    with place.closing(), _naming(identity, environment):
        if can_host(place):
            host(place, identity)
        else:
            _spawn(place, identity)
    return identity


def resume_detached(run_id: str, place: Place, *, take_over: bool = False) -> None:
    """Do as `resume` does, with a driver of its own as `start_detached` gives one. Raises as `resume` does."""
    with place.closing():
        if can_host(place):
            prepare_again(place, run_id, take_over)
            host(place, run_id)
        else:
            check_free(place, run_id, take_over)
            _spawn(place, run_id, *(["--take-over"] if take_over else []))


@contextmanager
def _naming(run: str, environment: str) -> Iterator[None]:
    try:
        yield
    except MoorageError as error:
        again = f"then `moorage resume {run}{where(environment)} --detach`: the run is made, and waits for a driver"
        raise type(error).of(replaced(each, fix=f"{each.fix}; {again}") for each in error.problems) from error


def _spawn(place: Place, identity: str, *options: str) -> None:
    import subprocess  # here: what drives a run itself starts nothing by it

    where = ["-e", place.environment.name, "--project", str(place.project)]
    command = [sys.executable, "-m", "moorage", "resume", identity, *where, *options]
    log = place.project / ".moorage" / "drivers" / f"{identity}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        driver = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=place.project, start_new_session=True
        )
    # Reaped when it ends, should this process live so long; never waited for.
    threading.Thread(target=driver.wait, daemon=True).start()


def list_runs(place: Place) -> Iterator[RunSummary]:
    """Yield the runs of the environment's store, newest first."""
    return list_summaries(place.store, datetime.now(UTC))


def find_run(place: Place, text: str = LAST) -> str:
    """Return the id of the run that `text` names: an id, a prefix that fits one run, or `last`. SpecError otherwise."""
    runs = place.store.folders("runs/")
    if not runs:
        raise SpecError(f"there are no runs in {place.store.uri} yet", fix="`moorage run SPEC` makes one")
    fits = runs[-1:] if text == LAST else [name for name in runs if name.startswith(text)]
    if len(fits) == 1:
        return fits[0]
    seen = f"{len(fits)} runs start with {text!r}" if fits else f"no run starts with {text!r}"
    raise SpecError(seen, fix=f"`moorage runs{where(place.environment.name)}` lists them; a prefix is enough")


def read_record(place: Place, run_id: str) -> RunRecord:
    """Return the run as its journal tells it. NotFound when there is no such run."""
    return _read_record(place.store, run_id)
