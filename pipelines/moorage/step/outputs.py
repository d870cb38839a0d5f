"""Turn what a step returned, or wrote to its paths, into files: one per declared output."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from moorage.contracts.report import CheckResult
from moorage.states import Cause
from moorage.step import values
from moorage.step.task import Answer, StepFailure, Task, TaskOutput, Written


def collect(task: Task, returned: object, checks: tuple[CheckResult, ...]) -> Answer:
    """Return the answer of a step that ran to its end; StepFailure when an output is missing, wrong or in breach."""
    warnings: list[str] = []
    given = by_name(task, returned, warnings)
    written = {item.name: _write(item, given.get(item.name), warnings) for item in task.outputs}
    quarantined: dict[str, Written] = {}
    for item in task.outputs:
        if item.kind == "table":
            from moorage.step.checks import check_output

            checked = check_output(item, written[item.name])
            written[item.name] = checked.table
            checks += checked.checks
            if checked.quarantined is not None:
                quarantined[item.name] = checked.quarantined
    return Answer(None, written, quarantined, checks, tuple(warnings))


def by_name(task: Task, returned: object, warnings: list[str]) -> Mapping[str, object]:
    """Return the returned values by the names of the outputs; those left out were written to their paths."""
    names = [item.name for item in task.outputs]
    if returned is None:
        return {}
    if not names:
        warnings.append(f"the step returned a {type(returned).__name__} and declares no output; it is not kept")
        return {}
    if len(names) == 1:
        return {names[0]: returned}
    named = _named(returned)
    if named is not None and (not named or set(named) & set(names)):
        _refuse_unknown(named, names)
        return {name: value for name, value in named.items() if value is not None}
    missing = [item.name for item in task.outputs if not Path(item.path).exists()]
    if len(missing) == 1:  # the others were written to their paths
        return {missing[0]: returned}
    listed = ", ".join(names)
    seen = f"the step returned a {type(returned).__name__} and declares several outputs: {listed}"
    raise StepFailure(Cause.USER, f"{seen}; return a dict or a dataclass with these names")


def _named(returned: object) -> Mapping[str, object] | None:
    if isinstance(returned, Mapping):
        return {str(name): value for name, value in returned.items()}
    if hasattr(type(returned), "__dataclass_fields__"):
        from dataclasses import fields  # its class has imported that

        return {item.name: getattr(returned, item.name) for item in fields(returned)}  # type: ignore[arg-type]
    if isinstance(returned, tuple):
        return {name: getattr(returned, name) for name in getattr(returned, "_fields", ())} or None
    return dict(getattr(returned, "__dict__", {})) or None


def _refuse_unknown(named: Iterable[str], names: list[str]) -> None:
    unknown = [name for name in named if name not in names]
    if unknown:
        from difflib import get_close_matches

        close = get_close_matches(unknown[0], names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"declared are {', '.join(names)}"
        raise StepFailure(
            Cause.USER, f"the step returned {unknown[0]!r}, which it does not declare as an output; {hint}"
        )


def _write(output: TaskOutput, value: object, warnings: list[str]) -> Written:
    if value is None:
        if not Path(output.path).exists():
            seen = f"the step declares the output {output.name!r} and left nothing behind for it"
            raise StepFailure(
                Cause.USER, f"{seen}; return it, or write it to the path that {output.name!r} is given as"
            )
        value = Path(output.path)
    return _WRITERS[output.kind](output, value, warnings)


def _table(output: TaskOutput, value: object, warnings: list[str]) -> Written:
    from moorage.step.tables import table_file

    path, rows = table_file(output, value, warnings)
    return Written("table", str(path), path.name, rows=rows)


def _model(output: TaskOutput, value: object, _: list[str]) -> Written:
    path = values.model_file(output, value)
    return Written("model", str(path), path.name)


def _metrics(output: TaskOutput, value: object, _: list[str]) -> Written:
    path, metrics = values.metrics_file(output, value)
    return Written("metrics", str(path), path.name, metrics=metrics)


def _file(output: TaskOutput, value: object, _: list[str]) -> Written:
    path = values.plain_file(output, value)
    return Written("file", str(path), path.name)


def _directory(output: TaskOutput, value: object, _: list[str]) -> Written:
    path = values.folder(output, value)
    return Written(output.kind, str(path), path.name)


_WRITERS: Mapping[str, Callable[[TaskOutput, Any, list[str]], Written]] = {
    "table": _table,
    "model": _model,
    "metrics": _metrics,
    "file": _file,
    "directory": _directory,
    "bento": _directory,
}
