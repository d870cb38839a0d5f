"""Which GPUs will do for a step. Pure: it sees those that the target lists."""

import re
from collections.abc import Sequence

from moorage.spec.models import Gpu
from moorage_local.target import LocalGpu

USABLE_SHARE = 0.93
"""So much of what is asked for will do: an A10G is sold with 24 GiB and has 22.5, error correction takes the rest."""


def models(asked: Gpu, gpus: Sequence[LocalGpu]) -> dict[str, tuple[str, ...]]:
    """Return the UUIDs of the GPUs that fit by the model's name, smallest model first.

    The GPUs of one job are of one model, so that its nodes are alike.
    """
    fitting = sorted((gpu for gpu in gpus if fits(asked, gpu)), key=lambda gpu: gpu.memory_gib)
    return {gpu.name: tuple(same.uuid for same in fitting if same.name == gpu.name) for gpu in fitting}


def fits(asked: Gpu, gpu: LocalGpu) -> bool:
    """Return whether one GPU is of the kind and the size that is asked for."""
    has = _words(gpu.name)
    named = not asked.name or any(_words(name) and _words(name) <= has for name in asked.name)
    return named and (asked.memory_gib is None or gpu.memory_gib >= USABLE_SHARE * asked.memory_gib)


def visible(gpus: Sequence[LocalGpu], said: str | None) -> tuple[LocalGpu, ...]:
    """Return those that CUDA_VISIBLE_DEVICES leaves to this user: numbers in the driver's order, or UUIDs."""
    if said is None:
        return tuple(gpus)
    found: list[LocalGpu] = []
    for word in said.split(","):
        number = word.strip()
        chosen = [
            gpu for index, gpu in enumerate(gpus) if number == str(index) or (number and gpu.uuid.startswith(number))
        ]
        if not chosen:
            break  # CUDA ignores what comes after one that is not there
        found += chosen
    return tuple(found)


def described(asked: Gpu, nodes: int) -> str:
    """Return what is asked for, as a person says it."""
    kind = " or ".join(asked.name) or "any kind"
    size = f", {asked.memory_gib:g} GiB each" if asked.memory_gib else ""
    each = f" on each of {nodes} nodes" if nodes > 1 else ""
    return f"{asked.count} GPU{'s' * (asked.count > 1)} ({kind}{size}){each}"


def listed(gpus: Sequence[LocalGpu]) -> str:
    """Return what there is, as a person says it."""
    kinds = {gpu.name: gpu.memory_gib for gpu in gpus}
    counts = {name: sum(gpu.name == name for gpu in gpus) for name in kinds}
    return ", ".join(f"{count} x {name} ({kinds[name]:.4g} GiB)" for name, count in counts.items())


def _words(name: str) -> frozenset[str]:
    # Whole words, so that L4 is not L40S, and A100-80GB is NVIDIA A100-SXM4-80GB.
    return frozenset(re.findall(r"[0-9a-z]+", name.lower()))
