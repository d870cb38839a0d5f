"""Read, from any machine, what a job says of its attempt; and close an attempt whose job is gone."""

import json
from collections.abc import Iterator

from moorage.frozen import Frozen
from moorage.states import Cause, State
from moorage.step import paths
from moorage.step.request import StepResult, result_from_json, to_json
from moorage.store import Store


class LogPart(Frozen):
    """Some lines of a log, each `<UTC time> <text>`; parts count from 1."""

    number: int
    lines: tuple[str, ...]


class Heartbeat(Frozen):
    """The last sign of a living job: its boot nonce, and when, in Unix seconds."""

    nonce: str
    time: float


def read_log(store: Store, run: str, step: str, attempt: int, after: int = 0) -> Iterator[LogPart]:
    """Yield the parts of an attempt's log that come after part `after`, oldest first; to follow it, ask again."""
    prefix = paths.logs_prefix(paths.attempt_folder(run, step, attempt))
    for key in sorted(entry.key for entry in store.list(prefix) if paths.number_of(entry.key) > after):
        yield LogPart(paths.number_of(key), tuple(store.get(key).decode("utf-8", "replace").split("\n")[:-1]))


def read_result(store: Store, run: str, step: str, attempt: int) -> StepResult | None:
    """Return how an attempt ended; None while it is open."""
    data = store.find(paths.result_key(paths.attempt_folder(run, step, attempt)))
    return None if data is None else result_from_json(data)


def read_heartbeat(store: Store, run: str, step: str, attempt: int) -> Heartbeat | None:
    """Return the last heartbeat; None before the first, 15 s after the start."""
    data = store.find(paths.heartbeat_key(paths.attempt_folder(run, step, attempt)))
    return None if data is None else Heartbeat(**json.loads(data))


def close_attempt(store: Store, run: str, step: str, attempt: int, cause: Cause, message: str) -> StepResult:
    """Return the result that holds: this one, or the job's own if it was faster. No later one is ever recorded.

    A job that lives ends at its next heartbeat, without a result. When we die before the result is put, whoever
    closes the attempt next puts it, unless the job ended in between with one of its own.
    """
    from moorage.step.claims import close_claims  # here, because few attempts are closed

    folder = paths.attempt_folder(run, step, attempt)
    state = State.CANCELLED if cause is Cause.CANCELLED else State.FAILED
    ours = to_json(StepResult(state, cause=cause, message=message)).decode()
    decided = close_claims(store, folder, ours).encode()
    key = paths.result_key(folder)
    return result_from_json(decided if store.put_if_absent(key, decided) else store.get(key))
