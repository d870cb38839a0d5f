"""Submit one job to this machine, and be killed at the place that the command line names.

`python -m tests.rigs.submitter FILE KEY PLACE`: FILE holds target and request. A place that is a number is that many
lines into the adapter. The handle is printed as JSON.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from moorage_local import client, folders, launch, spawn, warm
from moorage_local.lower import LocalRequest
from moorage_local.target import LocalTarget


def _die(*arguments: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def _die_after(lines: int) -> None:
    left = iter(range(lines))

    def trace(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        if "moorage_local" not in frame.f_code.co_filename:
            return None
        if event == "line" and next(left, None) is None:
            _die()
        return trace

    sys.settrace(trace)


def _replace(*places: tuple[object, str]) -> None:
    for place, name in places:
        setattr(place, name, _die)


PLACES: dict[str, Callable[[], object]] = {
    "before create": lambda: _replace((spawn, "start_process"), (warm, "start_process")),
    "before record": lambda: _replace((folders.JobFolder, "write_record")),
    "before word": lambda: _replace((launch.Orders, "to_line"), (warm.Taker, "ask")),
    "after submit": lambda: None,
    "nowhere": lambda: None,
}


def main() -> None:
    """Submit, and be killed."""
    file, key, place = sys.argv[1:]
    said = json.loads(Path(file).read_bytes())
    connection = client.LocalConnection(LocalTarget.model_validate(said["target"]))
    request = LocalRequest.model_validate(said["request"])
    PLACES[place]() if place in PLACES else _die_after(int(place))
    handle = connection.submit(request, key)
    sys.settrace(None)
    if place != "nowhere":
        _die()
    print(json.dumps(asdict(handle)))


if __name__ == "__main__":
    main()
