"""A hint for `moorage runs`, kept beside each journal: never the truth."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import AwareDatetime, ValidationError

from moorage.errors import NotFound
from moorage.journal import RunRecord, read_record
from moorage.spec.models import Model
from moorage.states import RunState, StepState
from moorage.store import Store

STALLED_AFTER = timedelta(seconds=60)
"""A driver that said nothing for so long is taken for dead."""


MADE_FOR = timedelta(seconds=10)
"""A run that was just made gets its driver within so long."""


class RunSummary(Model):
    """One line of `moorage runs`; `beat` is when the driver last said that it lives."""

    id: str
    pipeline: str
    environment: str
    state: RunState
    started: AwareDatetime
    finished: AwareDatetime | None = None
    driver: str | None = None
    beat: AwareDatetime

    def at(self, now: datetime) -> "RunSummary":
        """Return the summary as it is to be read at `now`: a run with no live driver is stalled."""
        is_new = self.driver is None and self.beat == self.started
        limit = MADE_FOR if is_new else STALLED_AFTER if self.driver else timedelta(0)
        if self.state.is_terminal or now - self.beat < limit:
            return self
        return self.model_copy(update={"state": RunState.STALLED})

    @property
    def has_driver(self) -> bool:
        """Whether a driver had the run when this was written."""
        return self.driver is not None


def summary_key(run: str) -> str:
    """Return where the summary of `run` lies."""
    return f"runs/{run}/summary.json"


def summarise(record: RunRecord, now: datetime) -> RunSummary:
    """Return the summary of a run as its journal tells it."""
    return RunSummary(
        id=record.id,
        pipeline=record.pipeline,
        environment=record.environment,
        state=present_state(record),
        started=record.created,
        finished=record.finished,
        driver=record.driver,
        beat=now,
    )


def present_state(record: RunRecord) -> RunState:
    """Return the run's state; waiting when only a person can take it further."""
    if record.state is not RunState.RUNNING:
        return record.state
    steps = record.steps.values()
    moving = any(step.state.is_active or step.state is StepState.RETRYING for step in steps)
    asked = any(step.asked and not step.verdict and not step.state.is_terminal for step in steps)
    return RunState.WAITING if asked and not moving else RunState.RUNNING


def write_summary(store: Store, record: RunRecord, now: datetime) -> None:
    """Put the summary; it also says that the driver lives."""
    store.put(summary_key(record.id), summarise(record, now).model_dump_json().encode())


def announce_driver(store: Store, record: RunRecord, driver: str | None, now: datetime) -> None:
    """Put a summary that says that a driver of that name is on its way: it has as long as one that fell silent.

    None takes it back: nobody comes.
    """
    summary = summarise(record, now).model_copy(update={"driver": driver})
    store.put(summary_key(record.id), summary.model_dump_json().encode())


def read_summary(store: Store, run: str, now: datetime) -> RunSummary:
    """Return the summary of `run` as of `now`, from the journal where there is none. NotFound for no such run."""
    data = store.find(summary_key(run))
    try:
        if data is not None:
            return RunSummary.model_validate_json(data).at(now)
    except ValidationError:
        pass  # only a hint: the journal is the truth
    record = read_record(store, run)
    return summarise(record, record.created).at(now)


def list_summaries(store: Store, now: datetime) -> Iterator[RunSummary]:
    """Yield the summaries of all runs in the store, newest first."""
    for run in reversed(store.folders("runs/")):
        try:
            yield read_summary(store, run, now)
        except NotFound:
            continue  # a run that was being made when its maker died
