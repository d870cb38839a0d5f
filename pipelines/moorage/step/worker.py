"""What the worker process does: take one task, do it, answer. It never touches the store."""

import fcntl
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from moorage.states import Cause
from moorage.step.task import Answer, Failure, StepFailure, Task, task_from, to_line

_ORDERS, _ANSWERS = 3, 4
_PROGRAM = ("-P", "-c", "from moorage.step.worker import main; main()")


def as_interpreter(name: str, orders: int, answers: int) -> NoReturn:
    """Become a new interpreter, and do in that what `work` does; `name` is the last word of its command line."""
    # Above both numbers first: either may be the other's.
    high = [fcntl.fcntl(pipe, fcntl.F_DUPFD_CLOEXEC, _ANSWERS + 1) for pipe in (orders, answers)]
    for pipe, number in zip(high, (_ORDERS, _ANSWERS), strict=True):
        os.dup2(pipe, number)
    os.execve(sys.executable, [sys.executable, *_PROGRAM, name], os.environ)


def main() -> NoReturn:
    """Do the work of the process that was just started by `as_interpreter`."""
    for pipe in (_ORDERS, _ANSWERS):
        os.set_inheritable(pipe, False)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    work(_ORDERS, _ANSWERS)


def work(orders: int, answers: int, prepare: Callable[[], object] | None = None) -> NoReturn:
    """Do the one task that comes by `orders`, write the answer to `answers`, and end.

    `prepare` is called before anything of the step, in its environment. Nothing that the step left running is
    waited for: no thread, no exit handler.
    """
    line = _read_line(orders)
    if not line:
        os._exit(0)
    _open_streams()
    me = os.getpid()
    task = task_from(line)
    take_environment(task.environment)
    if prepare is not None:
        prepare()
    answer = perform(task)
    if os.getpid() != me:  # a process that the step forked, and that came back like the step itself
        os._exit(0)
    for stream in (sys.stdout, sys.stderr):
        _flush(stream)
    _write(answers, to_line(answer))
    os._exit(0)


def rehearse() -> None:
    """Do a task of nothing: the memory that any task touches is this process's own before one comes."""
    environment = dict(os.environ)
    nothing = Task(os.getcwd(), None, f"{__name__}:{_nothing.__name__}", None, None, {}, (), (), environment)
    task = task_from(to_line(nothing))
    take_environment(task.environment)
    to_line(perform(task))


def _nothing() -> None:
    return


def perform(task: Task) -> Answer:
    """Do the task in this process, which has its environment, and return what came of it; raises nothing."""
    try:
        _enter(task)
        return _do(task)
    except StepFailure as error:
        return Answer(error.failure, checks=error.checks)
    except BaseException as error:  # noqa: BLE001 - whatever a step raises ends here, SystemExit included
        return Answer(_described(error, task))


def _do(task: Task) -> Answer:
    from moorage.step import outputs

    checks = _checked_inputs(task)
    returned: object = None
    if task.command is not None:
        from moorage.step.commands import run_command

        run_command(task)
    elif task.bento is not None:
        from moorage.step.bentos import build_bento

        build_bento(task, task.bento)
    else:
        from moorage.step.functions import call_function

        returned = call_function(task)
    return outputs.collect(task, returned, checks) if task.leaves_outputs else Answer(checks=checks)


def _checked_inputs(task: Task) -> "tuple[Any, ...]":
    if not any(item.contracts for item in task.inputs):
        return ()
    from moorage.step.checks import check_inputs

    return check_inputs(task)


def _enter(task: Task) -> None:
    os.chdir(task.scratch)
    if task.code is not None:
        sys.path[0:0] = [task.code]


def _described(error: BaseException, task: Task) -> Failure:
    try:
        from moorage.step.failures import describe, print_whole

        print_whole(error)
        return describe(error, Path(task.code) if task.code else None)
    except MemoryError:
        return Failure(Cause.OUT_OF_MEMORY, "MemoryError, and too little memory was left to say where")


def environment_of(task_variables: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a step: the job's, without what is ours or another step's secret."""
    kept = {name: value for name, value in environ.items() if not name.startswith("MOORAGE_SECRET_")}
    kept.pop("MOORAGE_STEP", None)
    return kept | dict(task_variables)


def take_environment(wanted: Mapping[str, str]) -> None:
    """Make this the environment of the process; what is as wanted is not touched."""
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _open_streams() -> None:
    # Line by line, so that a print shows in `moorage logs -f` at once.
    sys.stdin = os.fdopen(0, encoding="utf-8", errors="replace", closefd=False)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _flush(stream: Any) -> None:
    try:
        stream.flush()
    except (OSError, ValueError, AttributeError):  # the step closed or replaced it
        return


def _read_line(pipe: int) -> bytes:
    with open(pipe, "rb") as file:
        return file.readline()


def _write(pipe: int, data: bytes) -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    left = memoryview(data)
    while left:
        left = left[os.write(pipe, left) :]
