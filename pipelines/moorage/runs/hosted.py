"""`python -m moorage.runs.hosted`: the driver of one run, as a job of the platform that it drives.

The platform may start it again at any time, here or on another machine: it waits until nobody else drives the run,
goes on where the journal ends, and says by its exit code whether it is still needed.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from moorage.environments import Environment, target_of
from moorage.errors import MoorageError, SpecError
from moorage.journal import LostRun
from moorage.ports import DRIVE_VARIABLE, REFUSED_CODE
from moorage.registry import adapter
from moorage.runs.place import Place
from moorage.runs.steering import drive, is_driverless
from moorage.runs.summary import read_summary
from moorage.store import open_store

DONE, REFUSED, UNFINISHED = 0, REFUSED_CODE, 75
"""Exit codes: nothing is left to do; there is no run that could be driven; start me again."""

_LOOK_SECONDS = 5.0


def main(environ: Mapping[str, str] = os.environ, sleep: Callable[[float], object] = time.sleep) -> int:
    """Drive the run that MOORAGE_DRIVE names until it ends, and return the exit code."""
    try:
        place, run = _place(environ.get(DRIVE_VARIABLE, ""))
        while not _is_over(place, run):
            if is_driverless(place, run):
                drive(place, run, take_over=True)
                break
            sleep(_LOOK_SECONDS)
        return DONE if _is_over(place, run) else UNFINISHED
    except LostRun:
        return UNFINISHED  # another driver has it, and may yet die
    except SpecError as error:
        print(f"error: {error}", file=sys.stderr)
        return REFUSED
    except MoorageError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNFINISHED


def _is_over(place: Place, run: str) -> bool:
    return read_summary(place.store, run, datetime.now(UTC)).state.is_terminal


def _place(uri: str) -> tuple[Place, str]:
    store_uri, *parts = uri.rsplit("/", 4)
    if len(parts) != 4 or (parts[0], parts[2]) != ("runs", "hosted"):
        seen = f"{DRIVE_VARIABLE} is {uri!r}, which is not the URI of a driver's document"
        raise SpecError(seen, fix="start it with `moorage run --detach`")
    store = open_store(store_uri)
    environment = Environment.model_validate(json.loads(store.get("/".join(parts))))
    return Place(Path.cwd(), environment, store, adapter(environment.platform), target_of(environment)), parts[1]


if __name__ == "__main__":
    sys.exit(main())
