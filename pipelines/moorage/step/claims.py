"""Who holds an attempt: numbered claims, the newest of which holds.

A platform without idempotency tokens may start one job twice; one with them may start a job
again after its machine was lost. The first must end, the second must go on.

Who closes an attempt claims it last, and then puts its result: so a job that beats learns from one listing of the
claims both whether another job holds the attempt and whether it is closed.
"""

import json
import os
import time
from collections.abc import Mapping
from functools import cache

from moorage.errors import NotFound
from moorage.frozen import Frozen, plain, replaced
from moorage.step import paths
from moorage.step.descendants import born
from moorage.store import Store

STALE_SECONDS = 60.0
"""A job of another name that has given no sign for so long is taken to be dead."""
JOB_VARIABLE = "MOORAGE_JOB"
"""Set by an adapter whose platform may run a job of one name twice: what tells the two apart."""


class Claim(Frozen):
    """One job's word that it runs the attempt; `born` is its start in the kernel's ticks, `time` in Unix seconds.

    `closing` is set by who closes the attempt instead: the JSON of the result that it gets, unless it has one.
    """

    job: str
    nonce: str
    host: str
    boot: str
    pid: int
    born: str | None
    time: float
    closing: str | None = None


class Hold(Frozen):
    """A claim that held when it was read, its number, and the rank of the node that serves it."""

    claim: Claim
    number: int
    rank: int = 0

    @property
    def is_only(self) -> bool:
        """Whether nobody puts a result without a later claim, but who asks: no job before it, no node that leads it."""
        return self.number == 1 and self.rank == 0


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
        born=_born(pid),
        time=time.time(),
    )


def claim_attempt(store: Store, folder: str, mine: Claim) -> Hold:
    """Put `mine` as the newest claim; NotOurs when another job lives or the attempt is closed."""
    data = _to_json(mine)
    number = 1
    while not store.put_if_absent(paths.claim_key(folder, number), data):
        taken, held = newest(store, folder)
        if held == mine:  # our own put, believed lost and tried again
            return Hold(mine, taken)
        if held.closing is not None:
            raise NotOurs("the attempt is closed")
        if _lives(store, folder, held, mine):
            raise NotOurs(f"job {held.job!r} (process {held.pid} on {held.host}) runs this attempt already")
        number = taken + 1
    if store.head(paths.result_key(folder)) is not None:
        raise NotOurs("the attempt is closed: it has a result")
    return Hold(mine, number)


def close_claims(store: Store, folder: str, result: str) -> str:
    """Let no job hold the attempt from now on, and return the result that it gets, unless it has one.

    That is `result`, or what was said by who began to close it and died before it had put that.
    """
    while True:
        keys = _keys(store, folder)
        if keys and (begun := _read(store, keys[-1]).closing) is not None:
            return begun
        number = paths.number_of(keys[-1]) + 1 if keys else 1
        ours = replaced(my_claim("", {}), closing=result)
        if store.put_if_absent(paths.claim_key(folder, number), _to_json(ours)):
            return result


def still_ours(store: Store, folder: str, hold: Hold) -> bool:
    """Return whether that claim is the newest and the attempt is open; False, too, when its folder was removed."""
    keys = _keys(store, folder)
    if not keys or paths.number_of(keys[-1]) != hold.number:
        return False
    return hold.is_only or store.head(paths.result_key(folder)) is None


def newest(store: Store, folder: str) -> tuple[int, Claim]:
    """Return the claim that holds, and its number; NotFound when there is none."""
    keys = _keys(store, folder)
    if not keys:
        raise NotFound(f"{folder} has no claim")
    return paths.number_of(keys[-1]), _read(store, keys[-1])


def _keys(store: Store, folder: str) -> list[str]:
    return sorted((entry.key for entry in store.list(paths.claims_prefix(folder))), key=paths.number_of)


def _read(store: Store, key: str) -> Claim:
    return Claim(**json.loads(store.get(key)))


def _to_json(claim: Claim) -> bytes:
    return json.dumps(plain(claim), sort_keys=True).encode()


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


_born = cache(born)  # a process that is one job after another has one birth


@cache
def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""
