"""A step's attempts: how each ended, what it used, what it said. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from moorage.report import icons, words
from moorage.report.data import AttemptData, ReportData, StepData
from moorage.report.html import Child, Markup, join, tag
from moorage.report.limits import Limits
from moorage.report.tables import pre, table_or_line
from moorage.report.timeline import spans
from moorage.spans import between
from moorage.states import State

_TITLES = ("Attempt", "Cause", "Queued", "Ran", "CPU", "Memory", "Started by", "On")
_NUMBERS = (2, 3, 4, 5)
_STAMP = len("2026-11-21T06:30:00.123456Z")


def attempts(step: StepData, data: ReportData, limits: Limits) -> Iterator[Markup]:
    """Yield the table of attempts, and the end of each one's log, the newest first."""
    if not step.attempts:
        return
    shown = step.attempts[-max(1, limits.rows) :]
    rows = [_row(attempt, data.end, len(step.attempts) > 1) for attempt in shown]
    left_out = len(step.attempts) - len(shown)
    yield tag("h4", "Attempts" if len(rows) > 1 else "Attempt", f", after {left_out} others" if left_out else None)
    yield table_or_line(f"Attempts of {step.name}", _TITLES, rows, _NUMBERS)
    for attempt in list(reversed(step.attempts))[: limits.tries]:
        yield from _failure(attempt, step, limits)
        yield from _log(attempt, step, limits)


def _row(attempt: AttemptData, now: datetime, is_counted: bool) -> Sequence[Child]:
    record, result = attempt.record, attempt.result
    asked, started, ended = spans(attempt, now)
    cpu = result.cpu_seconds if result else None
    memory = result.peak_memory_mib if result else None
    return (
        join((f"{record.number} " if is_counted else None, icons.badge(record.state.value))),
        words.cause(record.cause.value) if record.cause else None,
        words.seconds(between(asked, started or ended)),
        words.seconds(between(started, ended)) if started else None,
        words.seconds(cpu) if cpu is not None else None,
        words.size(round(memory * 2**20)) if memory else None,
        result.start if result else None,
        result.host if result else None,
    )


def _failure(attempt: AttemptData, step: StepData, limits: Limits) -> Iterator[Markup]:
    if attempt.record.state is not State.FAILED:
        return
    is_last = attempt is step.attempts[-1]
    if not is_last and attempt.record.message:
        said = f"Attempt {attempt.record.number}: {words.cut(attempt.record.message, limits.text)}"
        yield tag("p", said, class_="message")
    detail = attempt.result.detail if attempt.result else None
    if detail and limits.detail:
        yield pre(_short(detail, limits), f"Frames of {step.name}, attempt {attempt.record.number}")


def _short(detail: str, limits: Limits) -> str:
    lines = [words.cut(line, limits.line) for line in detail.splitlines()]
    return words.cut("\n".join(lines), limits.detail)


def _log(attempt: AttemptData, step: StepData, limits: Limits) -> Iterator[Markup]:
    has_failed = attempt.record.state is State.FAILED
    most = limits.failed_log_lines if has_failed else limits.log_lines
    lines = attempt.log[-most:] if most else ()
    if not lines:
        return
    is_whole = len(lines) == len(attempt.log) and attempt.is_log_whole
    much = words.count(len(lines), "line") if is_whole else f"its last {words.count(len(lines), 'line')}"
    name = f"Log of attempt {attempt.record.number}" if len(step.attempts) > 1 else "Log"
    shown = "\n".join(_line(line, limits.line) for line in lines)
    yield tag(
        "details",
        tag("summary", f"{name}: {much}"),
        pre(shown, f"Log of {step.name}, attempt {attempt.record.number}"),
        class_="log",
        open=has_failed,
    )


def _line(line: str, length: int) -> str:
    return f"{line[11:19]}  {words.cut(line[_STAMP + 1 :], length)}"
