"""What a job gets of this machine, as its submitter says it in one variable. Free of pydantic, for the launcher."""

import json
from collections.abc import Mapping, Sequence

from moorage.frozen import EMPTY, Frozen, plain

SHARE_VARIABLE = "MOORAGE_LOCAL_SHARE"
GPU_VARIABLE = "CUDA_VISIBLE_DEVICES"


class Share(Frozen):
    """What all nodes of a job get together; `models` are the GPUs that will do, UUIDs by model, best first.

    `memory_bytes` is None for a job that is held to nothing.
    """

    nodes: int = 1
    memory_bytes: int | None = None
    gpus: int = 0
    models: Mapping[str, Sequence[str]] = EMPTY

    def as_variables(self) -> dict[str, str]:
        """Return the variable that says it; nothing for a job that needs no care."""
        return {} if self == Share() else {SHARE_VARIABLE: json.dumps(plain(self))}


def share_of(environ: Mapping[str, str]) -> Share:
    """Return what `as_variables` said."""
    return Share(**json.loads(environ.get(SHARE_VARIABLE, "{}")))
