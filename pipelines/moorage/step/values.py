"""Write the value of one output to a file, or accept the path that the step wrote: all kinds but tables."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

from moorage.states import Cause
from moorage.step.failures import one_line
from moorage.step.task import StepFailure, TaskOutput


def model_file(output: TaskOutput, value: object) -> Path:
    """Return the file of a model: what joblib writes of the value, or the path that the step wrote."""
    if isinstance(value, Path):
        return existing_file(output, value)
    try:
        import joblib
    except ImportError as error:
        seen = f"output {output.name!r} is a model, and joblib is not installed: pip install 'moorage[models]'"
        raise StepFailure(Cause.SETUP, seen) from error
    try:
        joblib.dump(value, output.path)
    except Exception as error:  # a class may raise anything when it is pickled
        seen = f"output {output.name!r} cannot be written by joblib: {type(error).__name__}: {one_line(error)}"
        raise StepFailure(
            Cause.USER, f"{seen}; return what can be pickled, or write a file and return its path"
        ) from error
    return Path(output.path)


def metrics_file(output: TaskOutput, value: object) -> tuple[Path, dict[str, float]]:
    """Return the file of the metrics, and the metrics: finite numbers by name, sorted."""
    if isinstance(value, Path):
        value = _json(output, existing_file(output, value))
    if not isinstance(value, Mapping):
        raise _wrong(output, f"is metrics and got a {type(value).__name__}; return a dict of names and numbers")
    metrics = {str(name): _number(output, name, number) for name, number in sorted(value.items(), key=str)}
    path = Path(output.path)
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(metrics, sort_keys=True, separators=(",", ":")), encoding="utf-8")
    return path, metrics


def plain_file(output: TaskOutput, value: object) -> Path:
    """Return the file of bytes or text, or the path that the step wrote."""
    if isinstance(value, Path):
        return existing_file(output, value)
    path = Path(output.path)
    if isinstance(value, str):
        path.write_text(value, encoding="utf-8")
    elif isinstance(value, bytes | bytearray | memoryview):
        path.write_bytes(value)
    else:
        raise _wrong(output, f"is a file and got a {type(value).__name__}; return bytes, text or a path")
    return path


def folder(output: TaskOutput, value: object) -> Path:
    """Return the folder that the step wrote."""
    if not isinstance(value, str | Path):
        raise _wrong(output, f"is a {output.kind} and got a {type(value).__name__}; return the path of a folder")
    path = Path(os.path.abspath(value))
    _refuse_link(output, path)
    if not path.is_dir():
        seen = "which is a file" if path.exists() else "which is not there"
        raise _wrong(output, f"is a {output.kind} and names {str(value)!r}, {seen}")
    return path


def existing_file(output: TaskOutput, value: Path) -> Path:
    """Return the absolute path of a regular file that the step wrote."""
    path = Path(os.path.abspath(value))
    _refuse_link(output, path)
    if not path.is_file():
        seen = "which is not a regular file" if path.exists() else "which is not there"
        raise _wrong(output, f"is a {output.kind} and names {str(value)!r}, {seen}")
    return path


def _refuse_link(output: TaskOutput, path: Path) -> None:
    if path.is_symlink():
        raise _wrong(output, f"names {str(path)!r}, which is a symbolic link; return the path of what it points to")


def _json(output: TaskOutput, path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _wrong(output, f"is metrics and the file {path.name!r} is not JSON: {one_line(error)}") from error


def _number(output: TaskOutput, name: object, value: object) -> float:
    if not isinstance(name, str):
        raise _wrong(output, f"has the metric {name!r}, whose name is not text")
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", 1) == 0:  # a numpy scalar
        value = item()
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, int | float):
        raise _wrong(output, f"has the metric {name!r}, a {type(value).__name__}; metrics are numbers, not nested")
    if not math.isfinite(value):
        raise _wrong(output, f"has the metric {name!r}, which is {value}; metrics are finite numbers")
    return value


def _wrong(output: TaskOutput, seen: str) -> StepFailure:
    return StepFailure(Cause.USER, f"output {output.name!r} {seen}")
