"""What succeeded before under the same key stands for a step: `cache/<step key>/<n>.json`."""

from collections.abc import Iterator, Mapping

from pydantic import AwareDatetime, ValidationError

from moorage.frozen import Frozen
from moorage.journal import RunRecord
from moorage.spec.models import Model
from moorage.step.request import Artifact
from moorage.store import Store, has_blob


class CacheEntry(Model):
    """One recorded success: which attempt it was, and the artifacts that it left."""

    run: str
    step: str
    attempt: int
    at: AwareDatetime
    outputs: Mapping[str, Artifact]


class Lookup(Frozen):
    """The newest valid entry of a key, if there is one, and the number that the next would have."""

    entry: CacheEntry | None
    next_number: int


def look_up(store: Store, key: str) -> Lookup:
    """Return the newest entry of `key` whose artifacts are all still in the store."""
    numbers = [int(stem) for name in store.names(f"cache/{key}/") if (stem := name.removesuffix(".json")).isdigit()]
    numbers.sort(reverse=True)
    for number in numbers:
        entry = _read(store, key, number)
        if entry is not None and all(_is_there(store, artifact) for artifact in entry.outputs.values()):
            return Lookup(entry, numbers[0] + 1)
    return Lookup(None, numbers[0] + 1 if numbers else 0)


def remember(store: Store, record: RunRecord, step: str, outputs: Mapping[str, Artifact], at: int) -> None:
    """Record the success of the newest attempt of `step` under the step's key, as entry `at` or a later one."""
    key = record.steps[step].key
    attempt = record.steps[step].attempt
    if key is None or attempt is None:
        return
    entry = CacheEntry(
        run=record.id, step=step, attempt=attempt.number, at=attempt.finished or record.created, outputs=outputs
    )
    data = entry.model_dump_json().encode()
    while not store.put_if_absent(_key(key, at), data):
        at += 1  # another run was quicker; both entries are right


def entries(store: Store) -> Iterator[tuple[str, CacheEntry]]:
    """Yield every entry of the cache and where it lies."""
    for found in store.list("cache/"):
        _, key, name = found.key.split("/")
        entry = _read(store, key, int(name.removesuffix(".json")))
        if entry is not None:
            yield found.key, entry


def _key(key: str, number: int) -> str:
    return f"cache/{key}/{number:06d}.json"


def _read(store: Store, key: str, number: int) -> CacheEntry | None:
    data = store.find(_key(key, number))
    try:
        return None if data is None else CacheEntry.model_validate_json(data)
    except ValidationError:
        return None  # a later moorage's, or damaged: the step runs again


def _is_there(store: Store, artifact: Artifact) -> bool:
    return artifact.uri is not None or has_blob(store, artifact.digest)
