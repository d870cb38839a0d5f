"""Submit one job to this machine, and be killed at the place that the command line names.

`python submitter.py FILE KEY PLACE`: FILE holds target and request. The handle is printed as JSON.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from moorage_local import client, folders, launch, spawn
from moorage_local.lower import LocalRequest
from moorage_local.target import LocalTarget


def _die(*arguments: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


PLACES: dict[str, Callable[[], object]] = {
    "before create": lambda: setattr(spawn, "_start", _die),
    "before record": lambda: setattr(folders.JobFolder, "write_record", _die),
    "before word": lambda: setattr(launch.Orders, "to_line", _die),
    "after submit": lambda: None,
    "nowhere": lambda: None,
}


def main() -> None:
    """Submit, and be killed."""
    file, key, place = sys.argv[1:]
    said = json.loads(Path(file).read_bytes())
    PLACES[place]()
    connection = client.LocalConnection(LocalTarget.model_validate(said["target"]))
    handle = connection.submit(LocalRequest.model_validate(said["request"]), key)
    if place == "after submit":
        _die()
    print(json.dumps(asdict(handle)))


if __name__ == "__main__":
    main()
