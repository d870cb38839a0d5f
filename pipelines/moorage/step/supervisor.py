"""The process of a job: it starts the worker, claims the attempt, and says last how it ended.

A function of an environment, so that it runs as `python -m moorage.step` and in a fork of a warm process alike.
"""

import os
import sys
import time
from collections.abc import Mapping

from moorage.errors import MoorageError, SpecError
from moorage.frozen import replaced
from moorage.states import State
from moorage.step import paths
from moorage.step.attempt import Attempt
from moorage.step.claims import NotOurs, claim_attempt, my_claim
from moorage.step.courier import BEAT_SECONDS, BEAT_VARIABLE, Courier
from moorage.step.descendants import adopt_orphans, kill_descendants
from moorage.step.process import Worker, fork_worker
from moorage.step.request import SCHEMA, STEP_VARIABLE, StepRequest, StepResult, request_from_json, to_json
from moorage.step.usage import children_usage
from moorage.step.watch import Signals
from moorage.step.worker import work
from moorage.store import Store, open_store

SUCCEEDED, FAILED, UNUSABLE, NOT_OURS = 0, 1, 2, 3
PUT_SECONDS = 60.0
"""How long the store may be away before a result is given up."""


def supervise(environ: Mapping[str, str], start: str = "interpreter", start_reason: str | None = None) -> int:
    """Run the one attempt that MOORAGE_STEP names, and return the exit code of its job.

    0: it succeeded; 1: it did not, and the result says why; 2: there is no request that could be read, or no
    store to write the result to; 3: another job holds the attempt or it is closed, and nothing was written.
    """
    adopt_orphans()
    worker = fork_worker(work)  # first: once the store is open there may be threads
    try:
        return _supervise(environ, worker, (start, start_reason))
    except NotOurs as reason:
        return _say(NOT_OURS, str(reason))
    except MoorageError as error:
        return _say(UNUSABLE, f"error: {error}")
    finally:
        kill_descendants()


def _supervise(environ: Mapping[str, str], worker: Worker, start: tuple[str, str | None]) -> int:
    began = time.time()
    signals = Signals()
    store_uri, folder = paths.split_request_uri(environ.get(STEP_VARIABLE, ""))
    store = open_store(store_uri)
    request = _request(store, folder)
    claim = my_claim(request.job, environ)
    claim_attempt(store, folder, claim)
    courier = Courier(store, folder, claim, float(environ.get(BEAT_VARIABLE, BEAT_SECONDS)), signals.wake)
    courier.start()
    deadline = time.monotonic() + request.timeout_seconds
    attempt = Attempt(store, request, environ, claim.nonce, worker, courier, signals, deadline)
    ended = attempt.run()
    cpu_seconds, peak_memory_mib = children_usage()
    result = replaced(
        ended,
        cpu_seconds=cpu_seconds,
        peak_memory_mib=peak_memory_mib,
        started=paths.utc(began),
        finished=paths.utc(time.time()),
        start=start[0],
        start_reason=start[1],
        host=os.uname().nodename,
        nonce=claim.nonce,
    )
    courier.close()
    if courier.lost or not put_result(store, folder, result):
        raise NotOurs("the attempt was closed, or claimed by another job, while this one ran")
    return SUCCEEDED if result.state is State.SUCCEEDED else FAILED


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
    deadline = time.monotonic() + within_seconds
    pause = 0.1
    while True:
        try:
            return store.put_if_absent(paths.result_key(folder), to_json(result))
        except MoorageError:
            if time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def _say(code: int, text: str) -> int:
    print(text, file=sys.stderr)
    return code
