"""Submit one job to a cluster, and be killed at the place that the command line names.

`python -m tests.rigs.kubernetes.submitter FILE KEY PLACE`: FILE holds target and request. The handle is printed.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from moorage_kubernetes.client import Api
from moorage_kubernetes.connection import KubernetesConnection
from moorage_kubernetes.lower import KubernetesRequest
from moorage_kubernetes.target import KubernetesTarget

PLACES = ("before create", "before answer", "after submit")


def _die(*arguments: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def _then_die(call: Callable[..., Any]) -> Callable[..., NoReturn]:
    def both(*arguments: Any) -> NoReturn:
        call(*arguments)
        _die()

    return both


def main() -> None:
    """Submit, and be killed."""
    file, key, place = sys.argv[1:]
    said = json.loads(Path(file).read_bytes())
    connection = KubernetesConnection(KubernetesTarget.model_validate(said["target"]))
    request = KubernetesRequest.model_validate(said["request"])
    if place == "before create":
        Api.create = _die  # type: ignore[method-assign,assignment]
    if place == "before answer":
        Api.create = _then_die(Api.create)  # type: ignore[method-assign]
    handle = connection.submit(request, key)
    if place == "after submit":
        _die()
    print(json.dumps(asdict(handle)))


if __name__ == "__main__":
    main()
