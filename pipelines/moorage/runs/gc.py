"""What was left behind: jobs and scratch space of ended runs, cache entries of runs that are gone, unnamed blobs.

Cache entries go first, so that no run finds an artifact that is about to go; blobs go 7 days after
they were last written; what an unfinished run names always stays, since every run's names are marks.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from moorage.errors import NotFound
from moorage.journal import RunRecord, read_record
from moorage.models import names, versions
from moorage.plan.names import run_of
from moorage.ports import Handle, Owner
from moorage.runs.cache import entries
from moorage.runs.making import read_resolved
from moorage.runs.place import Place
from moorage.step.request import Artifact
from moorage.step.scratch import remove_tree
from moorage.store import Store, read_manifest

GRACE = timedelta(days=7)
"""How long bytes that nothing names are kept: a step may be about to name them."""


@dataclass(frozen=True)
class Removed:
    """What was removed, or would be: how many of each kind, and the bytes of the blobs."""

    counts: Counter[str]
    bytes: int


def collect_garbage(
    place: Place, *, older_than: timedelta | None = None, dry_run: bool = False, now: datetime | None = None
) -> Removed:
    """Remove what was left behind; with `older_than`, also runs that ended so long ago and made no model version."""
    sweep = _Sweep(place, dry_run, now or datetime.now(UTC))
    records = {run: record for run in place.store.folders("runs/") if (record := _record(place.store, run))}
    kept_for_models = {version.run for name in names(place.store) for version in versions(place.store, name)}
    for record in list(records.values()):
        if older_than and _is_old(record, sweep.now - older_than) and record.id not in kept_for_models:
            sweep.cache_of(record.id)
            sweep.run(record.id)
            del records[record.id]
    sweep.cache_without_run(set(records))
    sweep.jobs(records)
    sweep.scratch(records)
    sweep.blobs(marks(place.store, records))
    return Removed(sweep.counts, sweep.bytes)


def marks(store: Store, records: dict[str, RunRecord]) -> set[str]:
    """Return the keys in the store that runs, cached results and model versions name."""
    marked = {key for run, record in records.items() for key in _named_by_run(store, run, record)}
    for _, entry in entries(store):
        marked |= {key for artifact in entry.outputs.values() for key in _named_by(store, artifact)}
    for version in (version for name in names(store) for version in versions(store, name)):
        marked |= {_blob(digest) for digest in (version.bento, version.model, version.contract) if digest}
        marked |= set(_files(store, version.bento))
    return marked


class _Sweep:
    def __init__(self, place: Place, dry_run: bool, now: datetime) -> None:
        self._place, self._store, self._dry_run, self.now = place, place.store, dry_run, now
        self.counts: Counter[str] = Counter()
        self.bytes = 0

    def cache_of(self, run: str) -> None:
        for key, entry in list(entries(self._store)):
            if entry.run == run:
                self._remove("cache entries", key)

    def cache_without_run(self, runs: set[str]) -> None:
        for key, entry in list(entries(self._store)):
            if entry.run not in runs:
                self._remove("cache entries", key)

    def run(self, run: str) -> None:
        self.counts["runs"] += 1
        # The journal goes last: as long as it is there, the run is known and can be removed again.
        keys = sorted((entry.key for entry in self._store.list(f"runs/{run}/")), key=lambda key: "/journal/" in key)
        for key in keys if not self._dry_run else ():
            self._store.delete(key)

    def jobs(self, records: dict[str, RunRecord]) -> None:
        for handle, run in self._owned():
            record = records.get(run)
            if record is None or record.state.is_terminal:
                self.counts["jobs"] += 1
                if not self._dry_run:
                    self._place.connection.cancel(handle)
                    self._place.connection.forget(handle)

    def blobs(self, marked: set[str]) -> None:
        for prefix in ("blobs/", "code/"):
            for entry in list(self._store.list(prefix)):
                if entry.key not in marked and entry.modified < (self.now - GRACE).timestamp():
                    self.bytes += entry.size
                    self._remove("blobs", entry.key)

    def scratch(self, records: dict[str, RunRecord]) -> None:
        # A process that was killed removes nothing: neither its folder nor what it had half written.
        if self._store.root is None:
            return
        old = (self.now - GRACE).timestamp()
        for path in sorted((self._store.root / "work").glob("r*-*-*")):
            record = records.get(path.name.partition("-")[0])
            if record.state.is_terminal if record else path.stat().st_mtime < old:
                self._remove_path("scratch folders", path)
        for path in sorted((self._store.root / "work").glob("put/*")):
            if path.stat().st_mtime < old:
                self._remove_path("half-written files", path)

    def _remove_path(self, kind: str, path: Path) -> None:
        self.counts[kind] += 1
        if self._dry_run:
            return
        if path.is_dir():
            remove_tree(path)
        else:
            path.unlink(missing_ok=True)

    def _owned(self) -> Iterator[tuple[Handle, str]]:
        owner = Owner(environment=self._place.environment.name)
        for handle in list(self._place.connection.owned(owner)):
            yield handle, run_of(handle.job)

    def _remove(self, kind: str, key: str) -> None:
        self.counts[kind] += 1
        if not self._dry_run:
            self._store.delete(key)


def _record(store: Store, run: str) -> RunRecord | None:
    try:
        return read_record(store, run)
    except NotFound:
        return None  # a run that is being made


def _is_old(record: RunRecord, before: datetime) -> bool:
    return record.state.is_terminal and record.finished is not None and record.finished < before


def _named_by_run(store: Store, run: str, record: RunRecord) -> Iterator[str]:
    resolved = read_resolved(store, run)
    if resolved.code:
        yield f"code/{resolved.code.removeprefix('blake3:')}.zip"
    yield from map(_blob, resolved.contracts.values())
    for step in record.steps.values():
        for artifact in (*step.outputs.values(), *step.inputs.values(), *step.quarantined.values()):
            yield from _named_by(store, artifact)


def _named_by(store: Store, artifact: Artifact) -> Iterator[str]:
    yield _blob(artifact.digest)
    if artifact.profile:
        yield _blob(artifact.profile)
    if artifact.kind in ("directory", "bento"):
        yield from _files(store, artifact.digest)


def _files(store: Store, directory: str) -> Iterator[str]:
    try:
        yield from (_blob(item.digest) for item in read_manifest(store, directory).files)
    except NotFound:
        return  # the directory itself is gone; its files name nothing any more


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/', 1)}"
