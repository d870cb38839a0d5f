"""Why a worker ended as it did. Pure."""

import os
import signal
from collections.abc import Callable

from moorage.states import Cause
from moorage.step.commands import signal_name
from moorage.step.task import Answer, Failure, answer_from
from moorage.step.watch import Ending


def verdict(ending: Ending, timeout_seconds: float, killed_for_memory: Callable[[], bool]) -> Answer:
    """Return the worker's answer, or one that says why there is none.

    `killed_for_memory` says whether the kernel has killed some process for memory meanwhile.
    """
    if ending.stopped is Cause.TIMED_OUT:
        return Answer(Failure(Cause.TIMED_OUT, f"the step ran longer than its deadline of {timeout_seconds:g} s"))
    if ending.stopped is Cause.CANCELLED:
        return Answer(Failure(Cause.CANCELLED, "the step was cancelled"))
    answer = answer_from(ending.answer) if ending.answer is not None else Answer(_failure(ending.status))
    if answer.failure is not None and _may_be_memory(ending) and killed_for_memory():
        return Answer(Failure(Cause.OUT_OF_MEMORY, "the kernel killed the step, because it used too much memory"))
    return answer


def _failure(status: int) -> Failure:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return Failure(Cause.USER, f"the step was killed by signal {number} ({signal_name(number)}), not by moorage")
    code = os.waitstatus_to_exitcode(status)
    return Failure(Cause.USER, f"the step ended its own process with exit code {code} instead of returning")


def _may_be_memory(ending: Ending) -> bool:
    # A worker that answered saw a command or a child die: then only the kernel's count tells.
    return ending.answer is not None or (os.WIFSIGNALED(ending.status) and os.WTERMSIG(ending.status) == signal.SIGKILL)
