"""The mirrors of one connection: one for each run and kind of job that somebody looks at."""

import threading
from collections.abc import Sequence

from moorage.ports import Handle
from moorage_kubernetes.client import JOB, JOBSET, Api, Kind
from moorage_kubernetes.facts import Body, Job, Pod
from moorage_kubernetes.mirror import Mirror
from moorage_kubernetes.names import RUN, selector

MOST = 8
"""So many are kept; the one that was looked at longest ago is let go first."""
READY_SECONDS = 10.0

_KINDS = {kind.name: kind for kind in (JOB, JOBSET)}
_Key = tuple[str, str]


class Mirrors:
    """What the cluster says of the runs that are looked at."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._bell = threading.Condition()
        self._mirrors: dict[_Key, Mirror] = {}
        self._seen: tuple[int, int] = (0, 0)

    def follow(self, handles: Sequence[Handle]) -> None:
        """Listen to what becomes of these jobs; returns when each has been listed. Raises what the cluster says."""
        keys = dict.fromkeys((handle.data["kind"], handle.data["run"]) for handle in handles)
        for key in keys:
            found = self._mirrors.pop(key, None) or self._mirror(*key)
            self._mirrors[key] = found  # the newest is the last
        for key in list(self._mirrors)[: -max(MOST, len(keys))]:
            self._mirrors.pop(key).close()
        for key in keys:
            self._mirrors[key].ready(READY_SECONDS)
        self._seen = self._changes()

    def look(self, kind: Kind, handle: Handle) -> tuple[Job | None, Sequence[Pod]]:
        """Return a job that is listened to, and its pods."""
        return self._mirrors[kind.name, handle.data["run"]].look(handle.job)

    def put(self, kind: Kind, body: Body) -> None:
        """Take what a call of ours was answered with."""
        mirror = self._mirrors.get((kind.name, body["metadata"]["labels"][RUN]))
        if mirror is not None:
            mirror.jobs.put(body)

    def wait(self, seconds: float) -> None:
        """Return when something has happened since this was last followed or waited for, or after the seconds."""
        with self._bell:
            self._bell.wait_for(lambda: self._changes() != self._seen, seconds)
        self._seen = self._changes()

    def close(self) -> None:
        """Let all threads end."""
        while self._mirrors:
            self._mirrors.popitem()[1].close()

    def _mirror(self, kind: str, run: str) -> Mirror:
        return Mirror(self._api, _KINDS[kind], selector({RUN: run}), self._bell)

    def _changes(self) -> tuple[int, int]:
        mirrors = list(self._mirrors.values())
        return id(mirrors[0]) if mirrors else 0, sum(mirror.changes for mirror in mirrors)
