"""What a job gets of this machine: its submitter says it in one variable, and the job's process takes it.

Free of pydantic: the launcher imports this, and starts in milliseconds.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from moorage.frozen import EMPTY, Frozen, plain

SHARE_VARIABLE = "MOORAGE_LOCAL_SHARE"


class Share(Frozen):
    """What all nodes of a job get together; `candidates` are the GPUs that will do, names by their UUIDs.

    `memory_bytes` is None for a job that is held to nothing.
    """

    nodes: int = 1
    memory_bytes: int | None = None
    gpus: int = 0
    candidates: Mapping[str, str] = EMPTY

    def as_variables(self) -> dict[str, str]:
        """Return the variable that says it; nothing for a job that needs no care."""
        return {} if self == Share() else {SHARE_VARIABLE: json.dumps(plain(self))}


def share_of(environ: Mapping[str, str]) -> Share:
    """Return what `as_variables` said."""
    return Share(**json.loads(environ.get(SHARE_VARIABLE, "{}")))


def take_share(folder: Path, environ: Mapping[str, str]) -> Share:
    """Take what the job of that folder gets, in its own process, and return it."""
    share = share_of(environ)
    if share.memory_bytes is not None:
        from moorage_local import limits, machine  # here, because most steps do not say it

        limits.hold(folder, share.memory_bytes, machine.groups())
    return share


def run_share(share: Share, environ: Mapping[str, str], supervise: Callable[[int, Mapping[str, str]], int]) -> int:
    """Run `supervise(rank, environ)` for each of the nodes that the job gets, and return the exit code of the first."""
    if share.nodes == 1:
        return supervise(0, environ)
    from moorage_local.nodes import run_nodes  # here, because few steps have several

    return run_nodes(environ, share.nodes, supervise)
