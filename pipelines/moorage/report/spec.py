"""The spec that ran, resolved, as YAML. Pure."""

import yaml

from moorage.plan.resolved import Resolved
from moorage.report import words
from moorage.report.data import ReportData
from moorage.report.html import Markup, tag
from moorage.report.tables import digest, facts, pre, section

SPEC_CHARACTERS = 40_000
"""A longer spec is cut; `moorage show --json` and the store have all of it."""


def spec_section(data: ReportData) -> Markup:
    """Return the section with the spec, and the digests of what the run froze."""
    written = as_yaml(data.resolved)
    contracts = [(name, digest(value)) for name, value in data.resolved.contracts.items()]
    images = [(name, value) for name, value in _images(data.resolved).items()]
    kept = words.cut(written, SPEC_CHARACTERS * max(100, len(data.steps)) // 100)
    return section(
        "spec",
        "Spec",
        facts([("Run", data.record.id), ("Code", digest(data.record.code)), ("Store", tag("code", data.store))]),
        tag("h3", "Contracts") if contracts else None,
        facts(contracts) if contracts else None,
        tag("h3", "Runs in") if images else None,
        facts(images) if images else None,
        tag("details", tag("summary", f"The pipeline as it ran, {written.count(chr(10))} lines"), pre(kept, "Spec")),
    )


def as_yaml(resolved: Resolved) -> str:
    """Return the pipeline as YAML, without what is at its default."""
    plain = resolved.pipeline.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110)


def _images(resolved: Resolved) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for step, image in resolved.images.items():
        found.setdefault(image, []).append(step)
    if len(found) == 1:
        return {"all steps": next(iter(found))}
    return {", ".join(steps): image for image, steps in found.items()}
