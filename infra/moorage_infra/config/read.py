"""A stack's settings, read: what is wrong is said in our words, with its path and its line in the stack's file."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from moorage.errors import Problem, SpecError, TargetError, Where
from moorage.spec.finding import did_you_mean, shown
from moorage.spec.models import Model
from moorage.spec.yaml import Document, parse
from moorage_infra.config.settings import BY_PLATFORM, Settings
from moorage_infra.config.words import LABEL_KEY_PATTERN, LABEL_VALUE_PATTERN, NAME_PATTERN

KEY = "environment"
"""The one key of a stack's configuration that this program reads, in the project's namespace."""

_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
}
_WANTED = {
    "string_type": "text, in quotes where YAML would read it as something else",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "tuple_type": "a list: [a, b]",
    "mapping_type": "a mapping: {key: value}",
    "model_type": "a mapping: {key: value}",
    "model_attributes_type": "a mapping: {key: value}",
    "string_too_short": "some text",
    "too_short": "at least one entry",
    "string_pattern_mismatch": "lower-case letters, digits and dashes, a letter first and no dash last",
}
_PATTERNS = {
    LABEL_KEY_PATTERN: "a label's key, as in `team` or `nvidia.com/gpu.product`",
    LABEL_VALUE_PATTERN: "letters, digits, `-`, `_` and `.`, in quotes where YAML would read a number",
    NAME_PATTERN: "lower-case letters, digits, dashes and dots, a letter or a digit first and last",
}


def read_settings(project: str, settings: object, file: Path, root: Path = Path()) -> Settings:
    """Return what `<project>:environment` of a stack says; `file`, below `root`, is the stack's own, for the lines.

    Raises TargetError with all that is wrong.
    """
    reading = _Reading(f"{project}:{KEY}", file, root)
    if not isinstance(settings, Mapping):
        raise TargetError.of([reading.problem((), f"is {shown(settings)}", f"write {_WANTED['mapping_type']}")])
    model = BY_PLATFORM.get(str(settings.get("platform")))
    if model is None:
        seen = f"is {shown(settings['platform'])}" if "platform" in settings else "is not said"
        raise TargetError.of([reading.problem(("platform",), seen, f"write one of {', '.join(BY_PLATFORM)}")])
    try:
        return model.model_validate(settings)  # type: ignore[return-value]  # one of the two
    except ValidationError as error:
        raise TargetError.of(reading.problems(error, model)) from error


class _Reading:
    """One reading: under which key, in which file."""

    def __init__(self, key: str, file: Path, root: Path) -> None:
        self._key, self._file, self._root = key, file, root

    def problems(self, error: ValidationError, model: type[Model]) -> list[Problem]:
        # A list whose every entry failed is also reported as too short.
        details = [each for each in error.errors(include_url=False) if each["type"] != "too_short" or not each["input"]]
        return [self._problem(each, model) for each in details]

    def problem(self, path: tuple[int | str, ...], seen: str, fix: str, at_key: bool = False) -> Problem:
        document = self._document
        where = document.where(("config", self._key, *path), at_key) if document else Where(str(self._file))
        return Problem(f"`{'.'.join([self._key, *map(str, path)])}` {seen}", where, fix)

    @cached_property
    def _document(self) -> Document | None:
        # Only for the lines: what Pulumi read is what counts.
        try:
            return parse((self._root / self._file).read_bytes(), str(self._file))
        except (OSError, SpecError):
            return None

    def _problem(self, detail: ErrorDetails, model: type[Model]) -> Problem:
        path, kind = tuple(part for part in detail["loc"] if part != "[key]"), detail["type"]
        at_key = detail["loc"][-1:] == ("[key]",)
        if kind == "missing":
            return self.problem(path, "is missing", f"add it: {described(model, path)}")
        if kind == "extra_forbidden":
            known = keys(model, path[:-1])
            return self.problem(
                path, "is no key that is known here", did_you_mean(str(path[-1]), known, "remove it"), True
            )
        if kind == "value_error":
            seen, _, fix = str(detail["ctx"]["error"]).partition("; ")
            return self.problem(path, f"cannot be: {seen}" if path else f"does not hold together: {seen}", fix)
        return self.problem(path, f"is {shown(detail['input'])}", f"write {_wanted(detail)}", at_key)


def keys(model: type[Model], path: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that are known at a path; none where there is no model."""
    found = _model_at(model, path)
    return tuple(found.model_fields) if found else ()


def described(model: type[Model], path: tuple[int | str, ...]) -> str:
    """Return what the key at a path is."""
    found = _model_at(model, path[:-1])
    field = found.model_fields.get(str(path[-1])) if found else None
    return (field.description if field else None) or "see docs/infra.md"


def inner_models(annotation: Any) -> Iterator[type[Model]]:
    """Yield the models that a field's annotation holds."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    elif get_origin(annotation) in (tuple, Union, UnionType):
        for part in get_args(annotation):
            yield from inner_models(part)


def _model_at(model: type[Model], path: tuple[int | str, ...]) -> type[Model] | None:
    found: type[Model] | None = model
    for part in path:
        if isinstance(part, str):
            field = found.model_fields.get(part) if found else None
            found = next(inner_models(field.annotation), None) if field else None
    return found


def _wanted(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"{words} {context[bound]}"
    if kind in ("literal_error", "enum"):
        return f"one of {context['expected'].replace(' or ', ', ')}"
    if kind == "string_too_long":
        return f"at most {context['max_length']} characters"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], _WANTED[kind])
    return _WANTED.get(kind, "what docs/infra.md says for it")
