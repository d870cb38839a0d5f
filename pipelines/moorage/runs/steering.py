"""Steering runs: drive, resume, cancel, and what people tell a driver."""

import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from moorage.errors import SpecError
from moorage.frozen import replaced
from moorage.journal import Event, Journal, LostRun, RunRecord, read_record
from moorage.observe import observed
from moorage.plan.resolved import Resolved
from moorage.runs.again import wait_again
from moorage.runs.commands import Command, CommandKind, send
from moorage.runs.driver import Driver, Watch
from moorage.runs.hosting import end_drivers
from moorage.runs.making import read_resolved
from moorage.runs.place import Place, host_name
from moorage.runs.run import Run
from moorage.runs.summary import read_summary
from moorage.states import RunState
from moorage.store.patient import patient


def resume(run_id: str, place: Place, watch: Watch | None = None, *, take_over: bool = False) -> Run:
    """Drive a run that nobody drives; steps that failed, were cancelled or were skipped get new attempts.

    So do those that made what these read, when the store has it no more, or had it with changed bytes.
    SpecError when the run has succeeded, or when another driver lives and `take_over` is false.
    """
    return drive(place, run_id, watch, again=True, take_over=take_over)


def drive(
    place: Place,
    run_id: str,
    watch: Watch | None = None,
    *,
    again: bool = False,
    take_over: bool = False,
    frozen: Resolved | None = None,
) -> Run:
    """Drive a run until it ends, or until Ctrl-C; see `resume`. LostRun when another driver took it.

    `frozen` is the spec of a run that was made here a moment ago, and that nobody else can have taken.
    """
    if frozen is None:
        check_free(place, run_id, take_over)
    name = driver_name()
    place = replaced(place, store=patient(place.store))
    journal = Journal.open(place.store, run_id, name)
    resolved = frozen or read_resolved(place.store, run_id)
    if again:
        wait_again(place.store, resolved.pipeline, journal)
    with observed(journal, resolved, place.store.uri, place.project, watch or _unwatched) as watching:
        driver = Driver(place, resolved, journal, name, watching)
        with _leaving_on_signals(driver), place.closing():
            return Run(driver.drive())


def command(
    place: Place,
    run_id: str,
    kind: CommandKind,
    *,
    step: str | None = None,
    by: str | None = None,
    comment: str | None = None,
) -> Command:
    """Tell the driver of a run to approve, reject or cancel. SpecError when the run cannot obey."""
    record = read_record(place.store, run_id)
    pipeline = read_resolved(place.store, run_id).pipeline
    return send(place.store, record, pipeline, kind, step=step, by=by, comment=comment)


def cancel(run_id: str, place: Place, *, by: str | None = None, comment: str | None = None) -> RunRecord:
    """Ask for the run's end; where no driver lives, take the run over and end it here, with drivers yet to begin."""
    command(place, run_id, "cancel", by=by, comment=comment)
    if not is_driverless(place, run_id):
        return read_record(place.store, run_id)
    try:
        record = drive(place, run_id, take_over=True).record
    except LostRun:  # by another who cancels it, or a driver that came back: they heard it, too
        return read_record(place.store, run_id)
    with place.closing():
        end_drivers(place, run_id)
    return record


def is_driverless(place: Place, run_id: str) -> bool:
    """Whether nobody drives this unfinished run: its driver fell silent, or is a process of this machine that died."""
    stalled = read_summary(place.store, run_id, datetime.now(UTC)).state is RunState.STALLED
    return stalled or _driver_is_dead(place, run_id)


def _unwatched(record: RunRecord, event: Event) -> None:
    pass


def prepare_again(place: Place, run_id: str, take_over: bool = False) -> None:
    """Note what a resumed run does again, and leave the driving to another. Raises as `resume` does."""
    check_free(place, run_id, take_over)
    journal = Journal.open(place.store, run_id, driver_name())
    wait_again(place.store, read_resolved(place.store, run_id).pipeline, journal)
    journal.flush()


def driver_name() -> str:
    """Return a name for a driver in this process that no other has."""
    return f"{host_name()}-{os.getpid()}-{secrets.token_hex(4)}"


def check_free(place: Place, run_id: str, take_over: bool = False) -> None:
    """Raise SpecError when the run has succeeded, or when another driver lives; with `take_over` never."""
    if take_over:
        return
    summary = read_summary(place.store, run_id, datetime.now(UTC))
    if summary.state is RunState.SUCCEEDED:
        raise SpecError(
            f"run {run_id} has succeeded", fix="`moorage run SPEC` makes a new one; what is the same is cached"
        )
    if summary.state in (RunState.RUNNING, RunState.WAITING, RunState.CANCELLING) and not _driver_is_dead(
        place, run_id
    ):
        named = f"{run_id}{read_record(place.store, run_id).where}"
        raise SpecError(
            f"run {run_id} has a driver that lives ({summary.driver})",
            fix=f"look with `moorage show {named}`, or take it over with `moorage resume {named} --take-over`",
        )


def _driver_is_dead(place: Place, run_id: str) -> bool:
    # On the same machine there is no need to wait for the heartbeat to grow old.
    record = read_record(place.store, run_id)
    if record.driver is None or record.driver_pid is None:
        return True
    if record.driver_host != host_name():
        return False
    if record.driver_pid == os.getpid():  # it was another process of this number, as in a container started anew
        return True
    try:
        os.kill(record.driver_pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@contextmanager
def _leaving_on_signals(driver: Driver) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may handle signals
        return
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: driver.leave()) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
