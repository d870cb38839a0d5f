"""Run a step that is a command: inputs, outputs and parameters are told by environment variables."""

import errno
import json
import os
import signal
from collections.abc import Mapping

from moorage.states import Cause
from moorage.step.descendants import die_with
from moorage.step.task import StepFailure, Task


def run_command(task: Task) -> None:
    """Run the task's command in the scratch folder; StepFailure when it cannot start or does not exit with 0."""
    command = task.command or ()
    try:
        status = _run(command, {"PYTHONUNBUFFERED": "1", **os.environ, **variables(task)})
    except OSError as error:
        if error.errno == errno.E2BIG:
            raise StepFailure(Cause.SETUP, _TOO_LARGE) from error
        seen = f"the command {command[0]!r} cannot be started: {error.strerror}"
        raise StepFailure(Cause.SETUP, f"{seen}; name a program that is in the step's image or in its code") from error
    if status < 0:
        raise StepFailure(Cause.USER, f"{command[0]!r} was killed by signal {-status} ({signal_name(-status)})")
    if status > 0:
        raise StepFailure(Cause.USER, f"{command[0]!r} exited with {status}")


_TOO_LARGE = (
    "the step's parameters are too large to tell a command: Linux takes 128 KiB in one variable and 2 MiB in all; "
    "give them to it as an input, or make it a function with `run`"
)
"""See execve(2), MAX_ARG_STRLEN and ARG_MAX."""


def variables(task: Task) -> Mapping[str, str]:
    """Return the variables that tell a command what it works on: paths, and parameters as text or JSON."""
    told = {f"MOORAGE_INPUT_{item.name.upper()}": item.path for item in task.inputs}
    told |= {f"MOORAGE_OUTPUT_{item.name.upper()}": item.path for item in task.outputs}
    for name, value in task.parameters.items():
        told[f"MOORAGE_PARAMETER_{name.upper()}"] = value if isinstance(value, str) else json.dumps(value)
    if task.code is not None:
        search = [task.code, *filter(None, [os.environ.get("PYTHONPATH")])]
        told |= {"MOORAGE_CODE": task.code, "PYTHONPATH": os.pathsep.join(search)}
    return told


def signal_name(number: int) -> str:
    """Return a signal's name, for example SIGSEGV."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> int:
    import subprocess

    worker = os.getpid()
    # The worker has one thread, so that the hook may run; without it the command would outlive a killed worker.
    return subprocess.run(
        command, env=environment, check=False, stdin=subprocess.DEVNULL, preexec_fn=lambda: die_with(worker)
    ).returncode
