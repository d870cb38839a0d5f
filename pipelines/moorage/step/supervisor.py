"""The process of a job: it starts the worker, claims the attempt, and says last how it ended.

A function of an environment, so that it runs as `python -m moorage.step` and in a fork of a warm process alike.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from moorage.errors import MoorageError, SpecError
from moorage.frozen import Frozen, replaced
from moorage.states import Cause, State
from moorage.step import paths
from moorage.step.attempt import Attempt
from moorage.step.claims import Hold, NotOurs, claim_attempt, my_claim
from moorage.step.courier import BEAT_SECONDS, BEAT_VARIABLE, Courier
from moorage.step.descendants import adopt_orphans, kill_descendants
from moorage.step.guard import Guard
from moorage.step.node import Node, node_of
from moorage.step.process import Worker, fork_worker
from moorage.step.request import SCHEMA, STEP_VARIABLE, StepRequest, StepResult, request_from_json, to_json
from moorage.step.scratch import is_bare, remove_tree, scratch_of
from moorage.step.usage import children_usage, start_counting
from moorage.step.watch import Signals
from moorage.step.worker import work
from moorage.store import Store, open_store

SUCCEEDED, FAILED, UNUSABLE, NOT_OURS = 0, 1, 2, 3
PUT_SECONDS = 60.0
"""How long the store may be away before a result is given up."""

_Put = TypeVar("_Put")


class Start(Frozen):
    """How a process came to be a job, `interpreter` or `fork`, and why; where its worker comes from.

    `ended` is called with the exit code of the job when its result is in the store and nothing of the step is left
    but a few empty folders, which are removed while others go on.
    """

    how: str = "interpreter"
    why: str | None = None
    worker: Callable[[], Worker] = partial(fork_worker, work)
    ended: Callable[[int], object] = lambda code: None


def supervise(environ: Mapping[str, str], start: Start = Start(), guard: Guard | None = None) -> int:  # noqa: B008 - it is frozen
    """Run the one attempt that MOORAGE_STEP names, or one node's part of it, and return the exit code of its job.

    0: it succeeded; 1: it did not, and the result says why; 2: there is no request that could be read, or no
    store to write the result to; 3: another job holds the attempt or it is closed, and nothing was written.
    """
    adopt_orphans()
    start_counting()
    worker = start.worker()  # first: once the store is open there may be threads
    if guard is not None:
        guard.begin()
    with ExitStack() as leftovers:
        try:
            code = _code(environ, worker, guard, start, leftovers)
        finally:
            kill_descendants()
        start.ended(code)
    return code


def _code(environ: Mapping[str, str], worker: Worker, guard: Guard | None, start: Start, leftovers: ExitStack) -> int:
    try:
        result = _supervise(environ, worker, guard, start, leftovers)
        return SUCCEEDED if result.state is State.SUCCEEDED else FAILED
    except NotOurs as reason:
        return _say(NOT_OURS, str(reason))
    except MoorageError as error:
        return _say(UNUSABLE, f"error: {error}")


def _supervise(
    environ: Mapping[str, str], worker: Worker, guard: Guard | None, start: Start, leftovers: ExitStack
) -> StepResult:
    began = time.time()
    signals = Signals()
    store_uri, folder = paths.split_request_uri(environ.get(STEP_VARIABLE, ""))
    store = open_store(store_uri)
    request = _request(store, folder)
    node = node_of(request.nodes, environ)
    hold = _hold(store, folder, node, request, environ)
    nonce = hold.claim.nonce
    beat_seconds = float(environ.get(BEAT_VARIABLE, BEAT_SECONDS))
    courier = Courier(store, folder, hold, beat_seconds, signals.wake)
    if store.root is None or node.count > 1:
        courier.begin()
    deadline = time.monotonic() + request.timeout_seconds
    scratch = scratch_of(store, request, f"{nonce}{node.rank or ''}")
    leftovers.callback(remove_tree, scratch.root)
    attempt = Attempt(store, request, environ, nonce, scratch, worker, courier, signals, deadline, node)
    join = _crew(attempt, folder)
    about = {"nonce": nonce, "started": paths.utc(began), "start": start.how, "start_reason": start.why}
    result = join(_measured(_judged(attempt.run(), guard), **about))
    if not is_bare(scratch):
        leftovers.close()  # what it takes of the disk is free for the next
    courier.close()
    if courier.lost or not _put(store, folder, node, result):
        raise NotOurs("the attempt was closed, or claimed by another job, while this one ran")
    return result


def _hold(store: Store, folder: str, node: Node, request: StepRequest, environ: Mapping[str, str]) -> Hold:
    if not node.is_first:
        from moorage.step.crew import claim_to_serve

        return claim_to_serve(store, folder, node.rank, request.timeout_seconds)
    return claim_attempt(store, folder, my_claim(request.job, environ))


def _crew(attempt: Attempt, folder: str) -> Callable[[StepResult], StepResult]:
    node, signals, courier = attempt.node, attempt.signals, attempt.courier
    if node.count == 1 or not node.is_first:
        return lambda own: own
    from moorage.step.crew import Crew  # here, because few steps have several nodes

    crew = Crew(attempt.store, folder, attempt.nonce, node.count, signals.halt)
    crew.start()
    return lambda own: crew.joined(own, attempt.deadline, lambda: signals.cancelled or courier.lost)


def _judged(ended: StepResult, guard: Guard | None) -> StepResult:
    failure = guard.blame() if guard is not None and ended.cause is Cause.USER else None
    if failure is None:
        return ended
    return replaced(ended, cause=failure.cause, message=f"{failure.message}; the step said: {ended.message}")


def _measured(ended: StepResult, **about: str | None) -> StepResult:
    cpu_seconds, peak_memory_mib = children_usage()
    return replaced(
        ended,
        cpu_seconds=cpu_seconds,
        peak_memory_mib=peak_memory_mib,
        finished=paths.utc(time.time()),
        host=os.uname().nodename,
        **about,
    )


def _put(store: Store, folder: str, node: Node, result: StepResult) -> bool:
    if node.is_first:
        return put_result(store, folder, result)
    _patiently(lambda: store.put(paths.node_key(folder, node.rank), to_json(result)), PUT_SECONDS)
    return True


def _request(store: Store, folder: str) -> StepRequest:
    try:
        request = request_from_json(store.get(paths.request_key(folder)))
    except (ValueError, KeyError, TypeError) as error:
        raise SpecError(f"{folder}/request.json is not a request that this moorage reads") from error
    if request.schema > SCHEMA:
        seen = f"the request has schema {request.schema}, and moorage in this image reads up to {SCHEMA}"
        raise SpecError(seen, fix="build the step's image again, with the moorage that submits")
    return request


def put_result(store: Store, folder: str, result: StepResult, within_seconds: float = PUT_SECONDS) -> bool:
    """Put the result if there is none, and return whether ours holds; tries again while the store is away."""
    return _patiently(lambda: store.put_if_absent(paths.result_key(folder), to_json(result)), within_seconds)


def _patiently(put: Callable[[], _Put], within_seconds: float) -> _Put:
    deadline = time.monotonic() + within_seconds
    pause = 0.1
    while True:
        try:
            return put()
        except MoorageError:
            if time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def _say(code: int, text: str) -> int:
    print(text, file=sys.stderr)
    return code
