"""Where the objects of an attempt lie in the store; the driver and the job both ask here."""

import time

from moorage.errors import SpecError


def attempt_folder(run: str, step: str, attempt: int) -> str:
    """Return the folder of one attempt of one step."""
    return f"runs/{run}/steps/{step}/{attempt}"


def request_key(folder: str) -> str:
    """Return the key of what the job is asked to do."""
    return f"{folder}/request.json"


def result_key(folder: str) -> str:
    """Return the key of how the attempt ended; whoever puts it first has said so."""
    return f"{folder}/result.json"


def heartbeat_key(folder: str) -> str:
    """Return the key of the object that a living job renews."""
    return f"{folder}/heartbeat.json"


def nodes_prefix(folder: str) -> str:
    """Return what the keys of all that the further nodes say begin with."""
    return f"{folder}/nodes/"


def node_key(folder: str, rank: int) -> str:
    """Return the key of how the node of that rank ended."""
    return f"{folder}/nodes/{rank}.json"


def node_beat_key(folder: str, rank: int) -> str:
    """Return the key of the object that a living node renews; the first one renews the attempt's own."""
    return f"{folder}/nodes/{rank}-beat.json" if rank else heartbeat_key(folder)


def claims_prefix(folder: str) -> str:
    """Return what the keys of all claims begin with."""
    return f"{folder}/claims/"


def claim_key(folder: str, number: int) -> str:
    """Return the key of the claim of that number, counted from 1."""
    return f"{folder}/claims/{number:04d}.json"


def logs_prefix(folder: str) -> str:
    """Return what the keys of the log's parts begin with."""
    return f"{folder}/log/"


def log_key(folder: str, number: int) -> str:
    """Return the key of the log's part of that number, counted from 1."""
    return f"{folder}/log/{number:08d}.log"


def number_of(key: str) -> int:
    """Return the number in the key of a claim or of a log's part."""
    return int(key.rpartition("/")[2].partition(".")[0])


def split_request_uri(uri: str) -> tuple[str, str]:
    """Return the store's URI and the attempt's folder in it; SpecError for any other URI."""
    store, *parts = uri.rsplit("/", 6)
    fixed = (parts[0], parts[2], parts[5]) if len(parts) == 6 else ()
    if not all((store, *parts)) or fixed != ("runs", "steps", "request.json") or not parts[4].isdecimal():
        raise SpecError(
            f"MOORAGE_STEP is {uri!r}, which is not the URI of a request",
            fix="it looks like <store>/runs/<run>/steps/<step>/<attempt>/request.json",
        )
    return store, "/".join(parts[:5])


def utc(seconds: float) -> str:
    """Return a Unix time as `2026-11-21T06:30:00.123456Z`."""
    whole, micros = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{micros:06d}Z"
