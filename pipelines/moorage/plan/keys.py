"""The step key: what a step's result depends on, as one digest and as parts that `moorage why` compares."""

import json
from collections.abc import Mapping
from functools import lru_cache

from blake3 import blake3

from moorage.plan.resolved import Resolved
from moorage.spec.models import Kind, OnBreach, Step
from moorage.step.request import Artifact

_json = json.JSONEncoder(sort_keys=True).encode


def key_parts(step: Step, resolved: Resolved, inputs: Mapping[str, Artifact]) -> dict[str, str]:
    """Return everything that the step's result depends on, each part as short text."""
    parts = {"image": resolved.images[step.name], "code": resolved.modules[step.name], "runs": _what_runs(step)}
    parts |= {f"parameter {name}": _short(value) for name, value in step.parameters.items()}
    parts |= {f"input {name}": artifact.digest for name, artifact in inputs.items()}
    for place, items in (("input", step.inputs), ("output", step.all_outputs)):
        for name, item in items.items():
            if item.contract:
                parts[f"contract of {place} {name}"] = resolved.contracts[item.contract]
    parts["outputs"] = _outputs(tuple((name, item.kind, item.on_breach) for name, item in step.all_outputs.items()))
    parts["nodes"] = str(step.resources.nodes)
    return parts


def step_key(parts: Mapping[str, str]) -> str:
    """Return the digest of `parts`, 64 hexadecimal digits."""
    return blake3(_json(parts).encode()).hexdigest()


def _what_runs(step: Step) -> str:
    if step.bento:
        return f"bento {step.bento.path} {step.bento.model}"
    return step.run or _short(list(step.command or ()))


@lru_cache  # most steps of a pipeline leave the same behind
def _outputs(outputs: tuple[tuple[str, Kind, OnBreach], ...]) -> str:
    return _short({name: [kind, on_breach] for name, kind, on_breach in outputs})


def _short(value: object) -> str:
    text = _json(value)
    return text if len(text) <= 120 else f"{text[:80]}… {blake3(text.encode()).hexdigest()[:16]}"
