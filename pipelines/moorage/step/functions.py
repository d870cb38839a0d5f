"""Find a step's function and call it with its inputs and parameters by name."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moorage.errors import EXTRAS
from moorage.states import Cause
from moorage.step.failures import describe, one_line, print_whole
from moorage.step.forms import annotation_of, as_form, as_parameter
from moorage.step.signatures import Signature, is_async, signature_of
from moorage.step.task import StepFailure, Task

Function = Callable[..., Any]


def call_function(task: Task) -> Any:
    """Return what the task's function returns; StepFailure with cause setup when it cannot be called."""
    function = load_function(task)
    return function(**arguments(function, task))


def load_function(task: Task) -> Function:
    """Import `package.module:name` and return the function."""
    module_name, _, name = str(task.function).partition(":")
    module = _import(module_name, task)
    function = getattr(module, name, None)
    if not callable(function):
        seen = f"{module_name} has no function {name!r}" if function is None else f"{task.function} is not a function"
        raise StepFailure(Cause.SETUP, seen + _did_you_mean(name, vars(module)))
    if is_async(function):
        raise StepFailure(Cause.SETUP, f"{task.function} is an async function; a step function is a plain one")
    return function  # type: ignore[no-any-return]


def arguments(function: Function, task: Task) -> dict[str, Any]:
    """Return what `function` is called with: inputs in the form it asks for, parameters, paths of outputs."""
    wanted = signature_of(function)
    given = {item.name for item in task.inputs} | set(task.parameters)
    paths = {item.name: item.path for item in task.outputs if item.name not in given}
    _refuse_mismatch(str(task.function), wanted, given, paths)
    values: dict[str, Any] = {}
    for item in task.inputs:
        values[item.name] = as_form(item, annotation_of(function, item.name), str(task.function))
    for name, value in task.parameters.items():
        values[name] = as_parameter(value, annotation_of(function, name))
    for name in (*wanted.required, *wanted.optional):
        if name in paths:
            values[name] = paths[name] if annotation_of(function, name) is str else Path(paths[name])
    return values


def _refuse_mismatch(function: str, wanted: Signature, given: set[str], paths: dict[str, str]) -> None:
    if wanted.unnamed:
        raise StepFailure(
            Cause.SETUP, f"{function} takes {wanted.unnamed[0]!r} by position only; a step passes all by name"
        )
    named = (*wanted.required, *wanted.optional)
    missing = [name for name in wanted.required if name not in given and name not in paths]
    unexpected = [] if wanted.takes_any else sorted(given.difference(named))
    if missing:
        what = ", ".join(map(repr, missing))
        seen = f"{function} asks for {what}, which the step gives neither as input nor as parameter nor as output"
        raise StepFailure(Cause.SETUP, seen + _did_you_mean(missing[0], given))
    if unexpected:
        what = ", ".join(map(repr, unexpected))
        raise StepFailure(Cause.SETUP, f"{function} does not take {what}" + _did_you_mean(unexpected[0], named))


def _import(name: str, task: Task) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except (ImportError, SyntaxError) as error:
        print_whole(error)
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            seen = f"there is no module {error.name!r} in the code that travelled with the run, nor in this image"
        else:
            seen = f"{name} cannot be imported: {type(error).__name__}: {one_line(error)}{_cure(error)}"
        detail = describe(error, Path(task.code) if task.code else None).detail
        raise StepFailure(Cause.SETUP, seen, detail) from error


def _cure(error: Exception) -> str:
    missing = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    return f": pip install 'moorage[{EXTRAS[missing]}]'" if missing in EXTRAS else ""


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, [item for item in known if not item.startswith("_")], n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
