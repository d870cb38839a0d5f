"""Who holds an attempt: numbered claims, the newest of which holds.

A platform without idempotency tokens may start one job twice; one with them may start a job
again after its machine was lost. The first must end, the second must go on.
"""

import json
import os
import time
from collections.abc import Mapping

from moorage.errors import NotFound
from moorage.frozen import Frozen, plain
from moorage.step import paths
from moorage.step.descendants import born
from moorage.store import Store

STALE_SECONDS = 60.0
"""A job of another name that has given no sign for so long is taken to be dead."""
JOB_VARIABLE = "MOORAGE_JOB"
"""Set by an adapter whose platform may run a job of one name twice: what tells the two apart."""


class Claim(Frozen):
    """One job's word that it runs the attempt; `born` is its start in the kernel's ticks, `time` in Unix seconds."""

    job: str
    nonce: str
    host: str
    boot: str
    pid: int
    born: str | None
    time: float


class NotOurs(Exception):
    """Another job holds the attempt, or it is closed: this one ends and writes nothing."""


def my_claim(job: str, environ: Mapping[str, str]) -> Claim:
    """Return the claim of this process for the job of that name."""
    pid = os.getpid()
    return Claim(
        job=environ.get(JOB_VARIABLE, job),
        nonce=os.urandom(8).hex(),
        host=os.uname().nodename,
        boot=_boot(),
        pid=pid,
        born=born(pid),
        time=time.time(),
    )


def claim_attempt(store: Store, folder: str, mine: Claim) -> int:
    """Put `mine` as the newest claim and return its number; NotOurs when another job lives or the attempt is closed."""
    data = json.dumps(plain(mine), sort_keys=True).encode()
    number = 1
    while not store.put_if_absent(paths.claim_key(folder, number), data):
        taken, held = newest(store, folder)
        if held == mine:  # our own put, believed lost and tried again
            return taken
        if _lives(store, folder, held, mine):
            raise NotOurs(f"job {held.job!r} (process {held.pid} on {held.host}) runs this attempt already")
        number = taken + 1
    if store.head(paths.result_key(folder)) is not None:
        raise NotOurs("the attempt is closed: it has a result")
    return number


def still_ours(store: Store, folder: str, mine: Claim) -> bool:
    """Return whether `mine` is the newest claim and the attempt is open."""
    return newest(store, folder)[1] == mine and store.head(paths.result_key(folder)) is None


def newest(store: Store, folder: str) -> tuple[int, Claim]:
    """Return the claim that holds, and its number; NotFound when there is none."""
    keys = [entry.key for entry in store.list(paths.claims_prefix(folder))]
    if not keys:
        raise NotFound(f"{folder} has no claim")
    key = max(keys, key=paths.number_of)
    return paths.number_of(key), Claim(**json.loads(store.get(key)))


def _lives(store: Store, folder: str, held: Claim, mine: Claim) -> bool:
    if (held.host, held.boot) == (mine.host, mine.boot):
        return held.pid != mine.pid and held.born is not None and born(held.pid) == held.born
    if held.job == mine.job:
        return False  # its platform started it again, elsewhere or after a reboot
    return is_fresh(store, folder, held)


def is_fresh(store: Store, folder: str, held: Claim) -> bool:
    """Return whether the job of that claim has given a sign of life lately."""
    return time.time() - max(held.time, _last_beat(store, folder)) < STALE_SECONDS


def _last_beat(store: Store, folder: str) -> float:
    beat = store.find(paths.heartbeat_key(folder))
    return float(json.loads(beat)["time"]) if beat else 0.0


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""
