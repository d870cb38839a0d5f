"""Why a job has no pod: what its queue says of it, or what events say; asked seldom, and for all jobs at once."""

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from moorage.errors import MoorageError
from moorage_kubernetes.client import EVENT, WORKLOAD, Api, Kind
from moorage_kubernetes.facts import Body
from moorage_kubernetes.reading import Held

ASK_SECONDS = 5.0
"""No oftener than this."""

_QUOTA = re.compile(r"exceeded quota: (?P<quota>\S+), requested: (?P<asked>.*?), used: .*?, limited: (?P<limit>.*)")


class Hints:
    """What is known of jobs that have no pod, in a namespace whose queue (if any) is called that."""

    def __init__(self, api: Api, queue: str | None) -> None:
        self._api, self._queue = api.hasty(), queue
        self._asked = float("-inf")
        self._held: Mapping[str, Held] = {}

    def of(self, job: str) -> Held:
        """Return why that job has no pod, as far as it is known."""
        if time.monotonic() - self._asked >= ASK_SECONDS:
            self._held = dict(self._events()) | dict(self._workloads())
            self._asked = time.monotonic()
        return self._held.get(job, Held())

    def _events(self) -> Iterator[tuple[str, Held]]:
        for event in self._listed(EVENT, "reason=FailedCreate"):
            yield event["involvedObject"]["name"], Held(no_pod(event.get("message") or ""))

    def _workloads(self) -> Iterator[tuple[str, Held]]:
        for workload in self._listed(WORKLOAD, "") if self._queue else ():
            for owner in workload["metadata"].get("ownerReferences", ()):
                yield owner["name"], held(workload.get("status", {}), self._queue or "")

    def _listed(self, kind: Kind, fields: str) -> list[Body]:
        try:
            return self._api.list(kind, fields=fields)[0]
        except MoorageError:
            return []  # not knowing why is no reason to fail


def no_pod(message: str) -> str:
    """Return why a pod could not be created, as a sentence: which quota."""
    if said := _QUOTA.search(message):
        return (
            f"the quota {said['quota']} of the namespace is used up: "
            f"it asks for {said['asked']} where the limit is {said['limit']}"
        )
    return f"its pod cannot be created: {' '.join(message.split())[:400]}"


def held(status: Mapping[str, Any], queue: str) -> Held:
    """Return what a queue says of the workload with that status: why it waits, and whether it was evicted."""
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    evicted = conditions.get("Evicted")
    if evicted and (evicted["status"] == "True" or "Previously" in evicted.get("message", "")):
        return Held(f"the queue {queue!r} took its place away: {evicted.get('message', '')}", evicted=True)
    reserved = conditions.get("QuotaReserved")
    if reserved and reserved["status"] == "False":
        return Held(f"it waits in the queue {queue!r}: {reserved.get('message', '')}")
    return Held(f"it waits in the queue {queue!r}")
