"""Say what a step raised: one sentence, then the user's own frames, then where it went from there."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from moorage.states import Cause
from moorage.step.task import Failure

MESSAGE_CHARACTERS = 500
_FRAMES_SHOWN = 20
_LINE_CHARACTERS = 200


def describe(error: BaseException, code: Path | None) -> Failure:
    """Return the failure that `error` is, with the frames that lie in the user's `code` innermost first."""
    return Failure(_cause(error), _message(error), _detail(error, code))


def print_whole(error: BaseException) -> None:
    """Print the traceback to stderr, without the frames of this runtime."""
    import traceback

    if isinstance(error, SystemExit) and not isinstance(error.code, str):
        return
    try:
        traceback.print_exception(type(error), error, _from_user(error.__traceback__))
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):  # the step closed or replaced stderr
        return


def passed_user_code(error: BaseException) -> bool:
    """Return whether the error went through code that is neither ours, nor Python's, nor an installed library's."""
    return any(_is_user_file(filename) for filename, _, _ in _frames(error))


def one_line(error: BaseException) -> str:
    """Return the error's text on one line, at most `MESSAGE_CHARACTERS` of it."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - a __str__ may raise anything
        return "its text cannot be shown: its __str__ raises"
    return text if len(text) <= MESSAGE_CHARACTERS else text[: MESSAGE_CHARACTERS - 1] + "…"


def _cause(error: BaseException) -> Cause:
    return Cause.OUT_OF_MEMORY if isinstance(error, MemoryError) else Cause.USER


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return _exit_message(error)
    name, text = type(error).__name__, one_line(error)
    return f"{name}: {text}" if text else name


def _exit_message(error: SystemExit) -> str:
    if error.code in (None, 0):
        return "the step called sys.exit(); a step function returns its outputs instead"
    if isinstance(error.code, int):
        return f"the step called sys.exit({error.code})"
    return f"the step called sys.exit() with the text: {one_line(error)}"


def _detail(error: BaseException, code: Path | None) -> str | None:
    own: list[str] = []
    libraries: list[str] = []
    for filename, line, function in _frames(error):
        relative = _below(code, filename)
        if relative is None:
            libraries.append(_library(filename))
        else:
            own.append(f"{relative}:{line} in {function}" + _source(filename, line))
    shown = own[::-1]
    if len(shown) > _FRAMES_SHOWN:
        left_out = len(shown) - _FRAMES_SHOWN
        shown[_FRAMES_SHOWN // 2 : -_FRAMES_SHOWN // 2] = [f"… {left_out} more frames …"]
    if libraries:
        count = len(libraries)
        names = ", ".join(dict.fromkeys(libraries))
        shown.append(f"through {count} library frame{'s' * (count > 1)}: {names}")
    return "\n".join(shown) or None


def _frames(error: BaseException) -> Iterator[tuple[str, int, str]]:
    trace = _from_user(error.__traceback__)
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno, trace.tb_frame.f_code.co_name
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        yield error.filename, error.lineno or 1, "<module>"


def _from_user(trace: TracebackType | None) -> TracebackType | None:
    ours = str(Path(__file__).parent)
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith((ours, "<frozen importlib")):
        trace = trace.tb_next
    return trace


def _below(code: Path | None, filename: str) -> str | None:
    if code is None or not filename.startswith(f"{code}/"):
        return None
    return filename.removeprefix(f"{code}/")


def _is_user_file(filename: str) -> bool:
    libraries = (str(Path(__file__).parent), os.path.dirname(os.__file__), "<")
    return not filename.startswith(libraries) and "site-packages/" not in filename


def _library(filename: str) -> str:
    _, found, rest = filename.rpartition("site-packages/")
    if found:
        return rest.partition("/")[0].removesuffix(".py")
    if filename.startswith("<"):
        return filename.strip("<>").partition(" ")[0]
    return "Python"


def _source(filename: str, line: int) -> str:
    import linecache

    text = linecache.getline(filename, line).strip()
    return f"\n    {text[:_LINE_CHARACTERS]}" if text else ""
