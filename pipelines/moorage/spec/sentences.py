"""pydantic's errors in our own words, each with its path in the spec and what to do."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from moorage.spec import models, types
from moorage.spec.finding import Finding, Path, did_you_mean, place, shown

_PATTERNS: Mapping[str, str] = {
    types.STEP_NAME_PATTERN: "1 to 32 lower-case letters, digits and dashes, a letter first, no dash last",
    types.NAME_PATTERN: "lower-case letters, digits and `_`, a letter first",
    types.FUNCTION_PATTERN: "`package.module:name`",
    types.OUTPUT_PATTERN: "`step.output`, the name of a step and of one of its outputs",
    types.METRIC_PATTERN: "`step.output.metric`, or `step.table.drift` or `step.table.rows`",
    types.COMPARISON_PATTERN: "an operator and a number, as in `>= 0.75`",
    types.VARIABLE_PATTERN: "upper-case letters, digits and `_`, no digit first",
    types.SECRET_PATTERN: "`name/key` of a secret",
    types.START_PATTERN: "`interpreter` or `fork`",
    types.FIRST_PATTERN: "`pass` or `fail`",
}
_WANTED: Mapping[str, str] = {
    "string_type": "text, in quotes where YAML would read it as something else",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "tuple_type": "a list: [a, b]",
    "mapping_type": "a mapping: {key: value}",
    "dict_type": "a mapping: {key: value}",
    "model_type": "a mapping: {key: value}",
    "model_attributes_type": "a mapping: {key: value}",
    "string_too_short": "some text",
    "too_short": "at least one entry",
}
_NO_MODEL = ("model_type", "model_attributes_type")
_FORMS: Mapping[str, str] = {
    "inputs": "`step.output`, or a mapping: {uri: data.csv, kind: table}",
    "outputs": "a mapping: {kind: table}",
    "require": "an operator and a number, as in `>= 0.75`",
    "steps": "a mapping: {name: train, run: ...}",
}
_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def findings(error: ValidationError, tree: Any) -> tuple[Finding, ...]:
    """Return what `error` says of `tree`, the plain data that was read."""
    details = error.errors(include_url=False)
    # A list whose every entry failed is also reported as too short.
    return tuple(
        _finding(detail, tree) for detail in details if not (detail["type"] == "too_short" and detail["input"])
    )


def _finding(detail: ErrorDetails, tree: Any) -> Finding:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    kind, at_key = detail["type"], detail["loc"][-1:] == ("[key]",)
    if kind == "missing":
        owner = place(path[:-1], tree)
        return Finding(path[:-1], f"{owner} has no `{path[-1]}`", f"add `{path[-1]}`")
    if kind == "extra_forbidden":
        return _unknown_key(path, tree)
    subject = f"name {shown(path[-1])} in {place(path[:-1], tree)}" if at_key else place(path, tree)
    if kind == "value_error":
        seen, _, fix = str(detail["ctx"]["error"]).partition("; ")
        return Finding(path, f"{subject}: {seen}", fix, at_key)
    wanted = _FORMS.get(str(path[-2])) if kind in _NO_MODEL and len(path) > 1 else None
    return Finding(path, f"{subject} is {shown(detail['input'])}", f"write {wanted or _wanted(detail)}", at_key)


def _wanted(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return _PATTERNS[context["pattern"]]
    if kind == "enum":
        return f"one of {context['expected'].replace(' or ', ', ')}".replace("'", "`")
    if kind == "string_too_long":
        return f"at most {context['max_length']} characters"
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"{words} {context[bound]:g}"
    return _WANTED.get(kind, "what docs/spec.md says for it")


def _unknown_key(path: Path, tree: Any) -> Finding:
    key, owner = str(path[-1]), place(path[:-1], tree)
    model = _model_at(path[:-1])
    known = [field.alias or name for name, field in model.model_fields.items()] if model else []
    fix = did_you_mean(key, known, "remove it")
    return Finding(path, f"{owner} has no key {key!r}", fix, at_key=True)


_BY_KEY: Mapping[str, type[BaseModel]] = {
    "defaults": models.Defaults,
    "resources": models.Resources,
    "gpu": models.Gpu,
    "retries": models.Retries,
    "timeout": models.Timeout,
    "bento": models.Bento,
    "approval": models.Approval,
    "drift": models.Drift,
}
_BY_PARENT: Mapping[str, type[BaseModel]] = {
    "steps": models.Step,
    "inputs": models.Input,
    "outputs": models.Output,
    "require": models.Limit,
}


def _model_at(path: Path) -> type[BaseModel] | None:
    if not path:
        return models.Pipeline
    parent = _BY_PARENT.get(str(path[-2])) if len(path) > 1 else None
    return parent or _BY_KEY.get(str(path[-1]))
