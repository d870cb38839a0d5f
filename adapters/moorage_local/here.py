"""The GPUs of this machine that this user may use."""

from collections.abc import Mapping

from moorage_local.gpus import visible
from moorage_local.nvml import NoGpus, find_gpus
from moorage_local.shares import GPU_VARIABLE
from moorage_local.target import LocalGpu


def usable_gpus(environ: Mapping[str, str]) -> tuple[tuple[LocalGpu, ...], str]:
    """Return the GPUs, and a sentence that says why there are none when there are none."""
    try:
        found = find_gpus()
    except NoGpus as error:
        return (), str(error)
    gpus = tuple(LocalGpu(uuid=gpu.uuid, name=gpu.name, memory_gib=gpu.memory_gib) for gpu in found)
    usable = visible(gpus, environ.get(GPU_VARIABLE))
    if gpus and not usable:
        return (), f"{GPU_VARIABLE}={environ[GPU_VARIABLE]!r} hides the GPUs of this machine"
    return usable, "this machine has no GPU that can be handed out whole"
