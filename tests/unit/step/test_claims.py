"""One attempt, one job: duplicates end, restarted jobs go on, and what lost its attempt writes nothing."""

import json
import os
import time
from dataclasses import asdict, replace
from typing import Any

import pytest

from moorage.states import Cause, State
from moorage.step import paths
from moorage.step.claims import Claim, close_claims, my_claim
from moorage.step.descendants import born
from moorage.step.reading import close_attempt, read_heartbeat
from moorage.step.request import StepRequest, StepResult, to_json
from tests.unit.step.hanging import hanging, is_alive, started
from tests.unit.step.jobs import Job, Workplace, until


def put_claim(job: Job, claim: Claim, number: int = 1) -> None:
    job.store.put(paths.claim_key(job.folder, number), json.dumps(asdict(claim)).encode())


def claim_of_another(request: StepRequest, **changes: Any) -> Claim:
    return replace(my_claim(request.job, {}), **{"nonce": "another", **changes})


def test_a_duplicate_on_this_machine_finds_a_live_claim_and_ends(place: Workplace):
    job, mark = hanging(place)
    started(job, mark)
    duplicate = Job(place.store, job.request)
    duplicate.start()
    assert duplicate.end() == 3
    assert b"runs this attempt already" in duplicate.said
    assert job.result() is None
    assert job.process is not None
    job.process.terminate()
    assert job.end() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"pid": 2**22 + 1, "born": "1"}, 0),  # the same machine: that process is gone, however young its claim
        ({"born": "1"}, 0),  # another process has its pid now
        ({"host": "elsewhere", "boot": "b"}, 0),  # the same job, which its platform started again
        ({"host": "elsewhere", "boot": "b", "job": "vm-2"}, 3),  # another job, a moment ago
        ({"host": "elsewhere", "boot": "b", "job": "vm-2", "time": 1.0}, 0),  # another job, long silent
    ],
)
def test_a_claim_holds_only_while_its_job_may_live(place: Workplace, changes: dict[str, Any], code: int):
    job = place.job("def step(): pass")
    parent = {"pid": os.getpid(), "born": born(os.getpid())}
    put_claim(job, claim_of_another(job.request, **{**parent, **changes}))
    job.start()
    assert job.end() == code
    claims = [entry.key for entry in place.store.list(paths.claims_prefix(job.folder))]
    assert len(claims) == (2 if code == 0 else 1)


def test_a_heartbeat_keeps_an_old_claim_alive(place: Workplace):
    job = place.job("def step(): pass")
    put_claim(job, claim_of_another(job.request, host="elsewhere", boot="b", job="vm-2", time=1.0))
    place.store.put(paths.heartbeat_key(job.folder), json.dumps({"nonce": "another", "time": time.time()}).encode())
    job.start()
    assert job.end() == 3


def test_a_closed_attempt_is_not_run(place: Workplace):
    job = place.job("def step(): pass")
    closed = close_attempt(place.store, "r1", "train", 1, Cause.LOST, "the job vanished")
    job.start()
    assert job.end() == 3
    assert job.result() == closed
    assert close_attempt(place.store, "r1", "train", 1, Cause.CANCELLED, "later") == closed


@pytest.mark.parametrize("how", ["superseded", "closed", "half closed"])
def test_a_job_that_lost_its_attempt_dies_at_its_next_heartbeat_and_writes_nothing(place: Workplace, how: str):
    job, mark = hanging(place)
    job.environ["MOORAGE_BEAT_SECONDS"] = "0.2"
    worker = started(job, mark)
    until(lambda: read_heartbeat(place.store, "r1", "train", 1))
    words = StepResult(State.FAILED, Cause.LOST, "closed by a driver")
    if how == "closed":
        close_attempt(place.store, "r1", "train", 1, Cause.LOST, "closed by a driver")
    elif how == "half closed":  # the driver died before it put the result
        close_claims(place.store, job.folder, to_json(words).decode())
    else:
        put_claim(job, claim_of_another(job.request), number=2)
    assert job.end() == 3
    assert not is_alive(worker)
    result = job.result()
    assert result == (words if how == "closed" else None)


def test_a_job_that_ends_after_its_attempt_was_closed_says_so(place: Workplace):
    source = "from pathlib import Path\ndef step(go: Path):\n    while not go.exists(): pass"
    job = place.job(source, parameters={"go": str(place.folder / "go")})
    job.start()
    until(lambda: place.store.find(paths.claim_key(job.folder, 1)))
    close_attempt(place.store, "r1", "train", 1, Cause.LOST, "closed by a driver")
    (place.folder / "go").touch()
    assert job.end() == 3
