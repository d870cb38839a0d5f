"""The nodes of one step, by what they leave in the store: all platforms have that in common.

The first node claims the attempt. Each of the others serves that claim, beats in `nodes/<rank>-beat.json` and says
in `nodes/<rank>.json` how it ended; the first node waits for them, and says last how all ended together.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from moorage.errors import MoorageError, NotFound
from moorage.frozen import replaced
from moorage.states import Cause, State
from moorage.step import paths
from moorage.step.claims import STALE_SECONDS, Hold, NotOurs, is_fresh, newest
from moorage.step.request import STEP_VARIABLE, StepResult, result_from_json, to_json
from moorage.store import Store, open_store

_LOOK_LOCAL_SECONDS, _LOOK_REMOTE_SECONDS = 0.1, 3.0
_STOPPED = "it was stopped from outside"


def look_seconds(store: Store) -> float:
    """Return how often nodes look at what the others have said."""
    return _LOOK_REMOTE_SECONDS if store.root is None else _LOOK_LOCAL_SECONDS


def claim_to_serve(store: Store, folder: str, rank: int, within_seconds: float) -> Hold:
    """Return the claim of a first node that lives, when there is one; NotOurs when there is none in time."""
    until = time.monotonic() + within_seconds
    while time.monotonic() < until:
        if store.head(paths.result_key(folder)) is not None:
            raise NotOurs("the attempt is closed: it has a result")
        with suppress(NotFound):  # it is not there yet
            number, claim = newest(store, folder)
            if claim.closing is not None:
                raise NotOurs("the attempt is closed")
            if is_fresh(store, folder, claim):
                return Hold(claim, number, rank)
        time.sleep(look_seconds(store))
    raise NotOurs(f"the first node has not started within {within_seconds:g} s")


def report_end(environ: Mapping[str, str], rank: int, cause: Cause, message: str) -> None:
    """Say for a node that ended without a word how it ended, where the platform knows before its beats stop."""
    store_uri, folder = paths.split_request_uri(environ[STEP_VARIABLE])
    store = open_store(store_uri)
    _, claim = newest(store, folder)
    now = paths.utc(time.time())
    result = StepResult(State.FAILED, cause, message, finished=now, nonce=claim.nonce)
    store.put_if_absent(paths.node_key(folder, rank), to_json(result))


class Crew(threading.Thread):
    """All nodes but the first, watched by it; `halt` is called when one of them has failed."""

    def __init__(self, store: Store, folder: str, nonce: str, count: int, halt: Callable[[], None]) -> None:
        super().__init__(name="crew", daemon=True)
        self._store, self._folder, self._nonce, self._halt = store, folder, nonce, halt
        self._ranks = range(1, count)
        self._ended: dict[int, StepResult] = {}
        self._beats: dict[int, tuple[float, float]] = {}  # when it was written, and when we saw that
        self._known, self._closed = threading.Event(), threading.Event()

    def run(self) -> None:
        """Look until one has failed or all have ended."""
        while not (self._closed.is_set() or self._known.is_set()):
            with suppress(MoorageError):  # the store is away; the nodes wait for it, too
                self._look()
            if self._failures() or len(self._ended) == len(self._ranks):
                self._known.set()
            if self._failures():
                self._halt()
            self._closed.wait(look_seconds(self._store))

    def joined(self, own: StepResult, until: float, is_stopped: Callable[[], bool]) -> StepResult:
        """Return how all nodes ended together, given how the first one did, at latest at `until` (monotonic)."""
        if own.state is not State.SUCCEEDED:  # what it died of may be the failure of another, just before
            until = min(until, time.monotonic() + 4 * look_seconds(self._store))
        while not self._known.wait(min(0.05, max(0.0, until - time.monotonic()))):
            if is_stopped() or time.monotonic() >= until:
                break
        self._closed.set()
        self.join()
        if is_stopped():
            return _cancelled(own)
        return self._with_usage(_first(own, self._failures()) or self._complete(own))

    def _look(self) -> None:
        now = time.monotonic()
        for entry in self._store.list(paths.nodes_prefix(self._folder)):
            rank = paths.number_of(entry.key.replace("-beat", ""))
            if "-beat" in entry.key:
                if self._beats.get(rank, (0.0, 0.0))[0] != entry.modified:
                    self._beats[rank] = (entry.modified, now)
            elif rank not in self._ended:
                self._take(rank, result_from_json(self._store.get(entry.key)))
        for rank, (_, seen) in self._beats.items():
            if now - seen > STALE_SECONDS and rank not in self._ended:
                self._ended[rank] = StepResult(
                    State.FAILED, Cause.LOST, f"it gave no sign of life for {STALE_SECONDS:g} s", finished=_now()
                )

    def _take(self, rank: int, result: StepResult) -> None:
        if result.nonce == self._nonce:  # else it served an earlier claim
            self._ended[rank] = result

    def _failures(self) -> dict[int, StepResult]:
        return {rank: result for rank, result in self._ended.items() if result.state is not State.SUCCEEDED}

    def _complete(self, own: StepResult) -> StepResult:
        missing = [rank for rank in self._ranks if rank not in self._ended]
        if own.state is not State.SUCCEEDED or not missing:
            return own
        names = ", ".join(f"node {rank}" + (" (never started)" * (rank not in self._beats)) for rank in missing)
        return _failed(own, Cause.TIMED_OUT, f"the deadline of the step came before the end of {names}", None)

    def _with_usage(self, result: StepResult) -> StepResult:
        everyone = [result, *self._ended.values()]
        return replaced(
            result,
            cpu_seconds=sum(each.cpu_seconds or 0.0 for each in everyone),
            peak_memory_mib=max(each.peak_memory_mib or 0.0 for each in everyone),
            warnings=result.warnings
            + tuple(f"node {rank}: {text}" for rank in sorted(self._ended) for text in self._ended[rank].warnings),
        )


def _first(own: StepResult, failures: Mapping[int, StepResult]) -> StepResult | None:
    # A first node that was halted failed of the others; one that failed by itself may have been first.
    all_failed = dict(failures)
    if own.state is State.FAILED or (own.state is State.CANCELLED and not failures):
        all_failed[0] = own
    if not all_failed:
        return None
    rank = min(all_failed, key=lambda each: all_failed[each].finished or "")
    result = all_failed[rank]
    cause, message = result.cause, result.message
    if cause is Cause.CANCELLED:  # nobody cancelled the step, or we would know
        cause, message = Cause.INTERRUPTED, _STOPPED
    return _failed(own, cause, f"node {rank}: {message}", result)


def _failed(own: StepResult, cause: Cause | None, message: str, source: StepResult | None) -> StepResult:
    return replaced(
        own,
        state=State.FAILED,
        cause=cause,
        message=message,
        detail=source.detail if source else None,
        checks=source.checks if source else own.checks,
        outputs={},
        quarantined={},
    )


def _cancelled(own: StepResult) -> StepResult:
    return replaced(
        own, state=State.CANCELLED, cause=Cause.CANCELLED, message="the step was cancelled", outputs={}, quarantined={}
    )


def _now() -> str:
    return paths.utc(time.time())
