"""Why a step ran again, or did not: its key, part by part, beside the last run that had it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from moorage.errors import SpecError
from moorage.frozen import Frozen
from moorage.journal import RunRecord, StepRecord, read_record
from moorage.runs.place import Place
from moorage.runs.summary import list_summaries
from moorage.states import StepState
from moorage.store import Store


class Change(Frozen):
    """One part of a step's key that differs; None where one of the two has no such part."""

    part: str
    before: str | None
    now: str | None


class Why(Frozen):
    """What became of a step's key: `before` is the run it is compared with, None when there is none."""

    run: str
    step: str
    state: StepState
    before: str | None
    cached_from: str | None
    changes: tuple[Change, ...]
    parts: Mapping[str, str]
    sentence: str


def why(place: Place, run: str, step: str) -> Why:
    """Return which parts of the key of `step` changed since the last run that had one. SpecError for no such step."""
    record = read_record(place.store, run)
    if step not in record.steps:
        raise SpecError(f"run {run} has no step {step!r}", fix=f"it has: {', '.join(record.steps)}")
    keyed = [step] if record.steps[step].key else []
    return explain(record, step, earlier_runs(place.store, record, keyed).get(step))


def explain(record: RunRecord, step: str, before: RunRecord | None) -> Why:
    """Return what became of the key of `step`, compared with the run `before`. Pure."""
    stands = record.steps[step]
    old = before.steps[step].parts if before else {}
    changes = changed(old, stands.parts) if before and stands.key else ()
    return Why(
        record.id, step, stands.state, before.id if before else None, stands.cached_from, changes, stands.parts,
        _sentence(record, step, before, changes),
    )  # fmt: skip


def earlier_runs(store: Store, record: RunRecord, steps: Iterable[str]) -> Mapping[str, RunRecord]:
    """Return, for each of `steps`, the last run before this one in which it had a key; each run is read once."""
    missing = dict.fromkeys(steps)
    found: dict[str, RunRecord] = {}
    for summary in list_summaries(store, datetime.now(UTC)) if missing else ():
        if summary.id < record.id and summary.pipeline == record.pipeline:
            earlier = read_record(store, summary.id)
            found |= {name: earlier for name in missing if name in earlier.steps and earlier.steps[name].key}
            missing = {name: None for name in missing if name not in found}
        if not missing:
            break
    return found


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the parts that differ, in the order of the newer key and then of the older."""
    names = dict.fromkeys([*now, *before])
    return tuple(Change(name, before.get(name), now.get(name)) for name in names if before.get(name) != now.get(name))


def _sentence(record: RunRecord, step: str, before: RunRecord | None, changes: tuple[Change, ...]) -> str:
    stands = record.steps[step]
    if stands.state is StepState.CACHED:
        return f"{step} was not run: run {stands.cached_from} had the same key and succeeded"
    if stands.key is None:
        return f"{step} has no key: {_keyless(stands)}"
    if before is None:
        return f"{step} ran: no earlier run of {record.pipeline} had it"
    if changes:
        return f"{step} ran: {_count(len(changes))} of its key changed since run {before.id}"
    if before.steps[step].state.has_outputs:
        return f"{step} ran with the key of run {before.id}: it says cache: false, or its artifacts were gone"
    return f"{step} ran again with the same key: it did not succeed in run {before.id}"


def _keyless(stands: StepRecord) -> str:
    if stands.state in (StepState.SKIPPED, StepState.CANCELLED):
        return f"it did not run; {stands.message or f'it was {stands.state}'}"
    return "it is judged by the driver" if stands.state.is_terminal or stands.asked else "it has not started"


def _count(number: int) -> str:
    return "1 part" if number == 1 else f"{number} parts"
