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

from moorage.environments import target_of
from moorage.errors import MoorageError, SpecError
from moorage.journal import LostRun, read_record
from moorage.ports import DRIVE_VARIABLE, REFUSED_CODE
from moorage.registry import adapter
from moorage.runs.hosting import Document, driver_job
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
        place, run, number = _place(environ.get(DRIVE_VARIABLE, ""))
        while not _is_over(place, run):
            if is_driverless(place, run) or _is_awaited(place, run, number):
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
    # The summary is a hint, and may be of before the run was resumed.
    hint = read_summary(place.store, run, datetime.now(UTC)).state
    return hint.is_terminal and read_record(place.store, run).state.is_terminal


def _is_awaited(place: Place, run: str, number: int) -> bool:
    # Whoever started this one saw to it that no other is at work, or wants it to take the run over.
    return read_summary(place.store, run, datetime.now(UTC)).driver == driver_job(run, number)


def _place(uri: str) -> tuple[Place, str, int]:
    store_uri, *parts = uri.rsplit("/", 4)
    number = parts[-1].removesuffix(".json") if parts else ""
    if len(parts) != 4 or (parts[0], parts[2]) != ("runs", "hosted") or not number.isdecimal():
        seen = f"{DRIVE_VARIABLE} is {uri!r}, which is not the URI of a driver's document"
        raise SpecError(seen, fix="start it with `moorage run --detach`")
    store = open_store(store_uri)
    environment = Document.model_validate(json.loads(store.get("/".join(parts)))).environment
    place = Place(Path.cwd(), environment, store, adapter(environment.platform), target_of(environment))
    return place, parts[1], int(number)


if __name__ == "__main__":
    sys.exit(main())
