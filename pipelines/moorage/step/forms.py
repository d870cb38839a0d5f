"""The forms in which a function takes its inputs: its annotations say which.

Types are compared by name, so that polars, pandas and pyarrow are only imported by a step that uses them.
"""

import json
import types
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from moorage.states import Cause
from moorage.step.task import StepFailure, TaskInput

_ALIASES = {"pl": "polars", "pd": "pandas", "pa": "pyarrow"}


def annotation_of(function: Callable[..., Any], name: str) -> Any:
    """Return the type that `function` asks for `name`: a type, a dotted name that cannot be resolved, or None."""
    plain = _unwrapped(function)
    asked = getattr(plain, "__annotations__", {}).get(name)
    return _plain(_evaluated(asked, getattr(plain, "__globals__", {})))


def as_parameter(value: Any, asked: Any) -> Any:
    """Return a parameter's value; text becomes a Path where the function asks for one."""
    return Path(value) if isinstance(value, str) and _name(asked) == "pathlib.Path" else value


def as_form(item: TaskInput, asked: Any, function: str) -> Any:
    """Return the input in the form asked for; StepFailure with cause setup when there is no such form."""
    default = {"metrics": "dict", "model": "object"}.get(item.kind, "pathlib.Path")
    name = default if asked in (None, Any) or _name(asked) == "object" else _name(asked)
    if item.kind == "model" and name not in ("pathlib.Path", "str", "bytes"):
        return _model(item)
    if item.kind == "metrics" and name in ("dict", "Mapping"):
        return json.loads(Path(item.path).read_bytes())
    reader = _READERS.get(name)
    if reader is None or (name not in _ANY_FILE and item.kind != "table"):
        forms = [key for key in _READERS if item.kind == "table" or key in _ANY_FILE]
        raise StepFailure(
            Cause.SETUP,
            f"{function} asks for input {item.name!r}, a {item.kind}, as {name}; it can be taken as {', '.join(forms)}",
        )
    return reader(item.path)


def _lazy_frame(path: str) -> Any:
    import polars

    return polars.scan_parquet(path, glob=False)


def _frame(path: str) -> Any:
    import polars

    return polars.read_parquet(path, glob=False)


def _pandas(path: str) -> Any:
    import pandas

    return pandas.read_parquet(path)


def _arrow(path: str) -> Any:
    from pyarrow import parquet

    return parquet.ParquetFile(path).read()


_READERS: Mapping[str, Callable[[str], Any]] = {
    "pathlib.Path": Path,
    "str": str,
    "bytes": lambda path: Path(path).read_bytes(),
    "polars.LazyFrame": _lazy_frame,
    "polars.DataFrame": _frame,
    "pandas.DataFrame": _pandas,
    "pyarrow.Table": _arrow,
}
_ANY_FILE = ("pathlib.Path", "str", "bytes")


def _model(item: TaskInput) -> Any:
    try:
        import joblib
    except ImportError as error:
        seen = f"input {item.name!r} is a model, and joblib is not installed: pip install 'moorage[models]'"
        raise StepFailure(Cause.SETUP, seen) from error
    try:
        return joblib.load(item.path)
    except ModuleNotFoundError as error:
        seen = f"input {item.name!r} cannot be loaded: there is no module {error.name!r} here"
        raise StepFailure(Cause.SETUP, f"{seen}; install it, or put it into the step's code") from error


def _unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    if not hasattr(function, "__wrapped__"):
        return function
    import inspect  # here, because importing it takes longer than a small step

    return inspect.unwrap(function)  # type: ignore[no-any-return]


def _evaluated(asked: Any, namespace: dict[str, Any]) -> Any:
    if not isinstance(asked, str):
        return asked
    try:
        return eval(asked, namespace)  # as typing.get_type_hints does, but one by one
    except Exception:  # noqa: BLE001 - any code may stand there; the name itself still says what is asked
        return asked.strip("'\"").removesuffix("| None").strip()


def _plain(asked: Any) -> Any:
    origin = typing.get_origin(asked)
    if origin is typing.Annotated:
        return _plain(typing.get_args(asked)[0])
    if origin in (typing.Union, types.UnionType):
        return _plain(next(item for item in typing.get_args(asked) if item is not type(None)))
    if isinstance(asked, typing.NewType):
        return _plain(asked.__supertype__)
    return asked if origin is None else origin


def _name(asked: Any) -> str:
    if isinstance(asked, str):
        first, dot, rest = asked.partition(".")
        text = _ALIASES.get(first, first) + dot + rest
        return {"Path": "pathlib.Path"}.get(text, text)
    module = str(getattr(asked, "__module__", "")).partition(".")[0]
    name = str(getattr(asked, "__qualname__", asked))
    return name if module in ("builtins", "collections", "typing") else f"{module}.{name}"
