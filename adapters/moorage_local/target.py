"""The local platform's part of an environment: this machine."""

from typing import Annotated

from pydantic import AfterValidator, Field

from moorage.ports import Target
from moorage.spec.models import Model


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError(f"{path!r} is not a path from the root of the file system")
    return path


AbsolutePath = Annotated[str, AfterValidator(_absolute)]
"""A path from the root of the file system."""


class LocalGpu(Model):
    """One GPU as its driver calls it."""

    uuid: str
    name: str
    memory_gib: Annotated[float, Field(gt=0)]


class LocalTarget(Target):
    """This machine: the folder that holds `jobs/`, what steps may use of it, and their interpreter.

    `no_gpus` is a sentence that says why there are no `gpus`.
    """

    folder: AbsolutePath
    cpu: Annotated[float, Field(gt=0)]
    memory_gib: Annotated[float, Field(gt=0)]
    python: AbsolutePath
    gpus: tuple[LocalGpu, ...] = ()
    no_gpus: str = "this machine has no GPU"
