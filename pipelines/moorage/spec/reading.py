"""From a spec file to a Pipeline: read, bind, validate; everything that is wrong is said at once."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError

from moorage.errors import Problem, SpecError, Where
from moorage.spec import yaml
from moorage.spec.binding import bind, is_unicode, reference
from moorage.spec.check import check
from moorage.spec.finding import Finding
from moorage.spec.models import Pipeline
from moorage.spec.scalars import resolve
from moorage.spec.sentences import findings
from moorage.spec.types import NAME_PATTERN


def load(path: str | Path, parameters: Mapping[str, JsonValue] | None = None) -> Pipeline:
    """Return the pipeline in the file at `path`, with `parameters` in place of the spec's own values.

    SpecError with every problem of the file, each with line and column.
    """
    file = shown_path(Path(path))
    return read_pipeline(_bytes(Path(path), file), file, Path(path).absolute().parent, parameters)


def read_pipeline(data: bytes, file: str, folder: Path, parameters: Mapping[str, JsonValue] | None = None) -> Pipeline:
    """Return the pipeline in `data`, whose problems are said to be in `file`; paths are relative to `folder`."""
    document = yaml.parse(data, file)
    tree = document.root.value
    if not isinstance(tree, dict):
        fix = "start with `name:` and `steps:` at the left edge"
        raise SpecError("a spec is a mapping of keys; this is not", where=document.where(()), fix=fix)
    overrides = parameters or {}
    bound, found = bind(tree, overrides)
    pipeline, wrong = _validated(_with_absolute_uris(bound, tree, overrides, folder), found)
    problems = list(document.problems)
    problems += [finding.problem(document.where(finding.path, finding.at_key)) for finding in wrong]
    if pipeline is None or problems:
        raise SpecError.of(sorted(problems, key=_position))
    return pipeline


def document(path: str | Path) -> yaml.Document:
    """Return the file at `path` with the places of all its keys and values, for problems found later."""
    file = shown_path(Path(path))
    return yaml.parse(_bytes(Path(path), file), file)


def parse_parameter(text: str) -> tuple[str, JsonValue]:
    """Return the name and the value in `key=value`, the value as YAML 1.2 reads it; SpecError when it is not one."""
    name, equals, value = text.partition("=")
    fix = "write -p rows=1000, -p 'names=[a, b]' or -p 'label=\"007\"'"
    if not equals:
        raise SpecError(f"parameter {text!r} has no `=`", fix=fix)
    if not re.fullmatch(NAME_PATTERN, name):
        raise SpecError(f"{name!r} in {text!r} is not the name of a parameter", fix=fix)
    if not is_unicode(value):
        raise SpecError(f"the value of parameter {name!r} is {value!r}, which is not UTF-8 text", fix=fix)
    if value.strip()[:1] not in ("[", "{", '"', "'"):
        return name, resolve(value.strip())
    try:
        document = yaml.parse(value.encode(), f"-p {name}")
    except SpecError as error:
        raise SpecError(f"the value of parameter {name!r} is not YAML: {error.problems[0].message}", fix=fix) from error
    if document.problems:
        raise SpecError.of(document.problems)
    return name, document.root.value


def shown_path(path: Path) -> str:
    """Return `path` as messages say it: relative to the current folder when it is below it."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)


def _bytes(path: Path, file: str) -> bytes:
    where = Where(file, 1, 1)
    try:
        with path.open("rb") as stream:
            return stream.read(yaml.MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise SpecError(f"there is no file {file}", where=where, fix="give the path of a pipeline.yaml") from error
    except IsADirectoryError as error:
        raise SpecError(f"{file} is a folder", where=where, fix=f"give the file: {file}/pipeline.yaml") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SpecError(f"{file} cannot be read: {reason}", where=where, fix="look at its permissions") from error


def _with_absolute_uris(bound: Any, tree: Any, overrides: Mapping[str, JsonValue], folder: Path) -> Any:
    """Return `bound` with each outside path absolute: from `folder`, or from here when given on the command line."""
    steps = bound.get("steps")
    for step, raw in zip(steps, tree["steps"], strict=True) if isinstance(steps, list) else ():
        inputs = step.get("inputs") if isinstance(step, dict) else None
        for name, item in inputs.items() if isinstance(inputs, dict) else ():
            if isinstance(item, dict) and isinstance(item.get("uri"), str):
                given = reference(raw["inputs"][name]["uri"]) in overrides
                item["uri"] = _absolute(item["uri"], Path.cwd() if given else folder)
    return bound


def _absolute(uri: str, base: Path) -> str:
    if "://" in uri or not uri:
        return uri
    return os.path.normpath(base / os.path.expanduser(uri))


def _validated(tree: Any, found: list[Finding]) -> tuple[Pipeline | None, list[Finding]]:
    """Return the pipeline unless its shape is wrong, and all findings; one that binding made is not said
    twice, nor is what stands below a key that nobody knows."""
    try:
        pipeline = Pipeline.model_validate(tree, context={"bound": True})
    except ValidationError as error:
        wrong = findings(error, tree)
        unknown = [item.path for item in wrong if item.at_key]
        kept = [item for item in found if not any(item.path[: len(path)] == path for path in unknown)]
        seen = {item.path for item in kept}
        return None, kept + [item for item in wrong if item.path not in seen]
    return pipeline, [*found, *check(pipeline)]


def _position(problem: Problem) -> tuple[int, int]:
    where = problem.where
    return (where.line or 0, where.column or 0) if where else (0, 0)
