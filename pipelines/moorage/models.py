"""The model registry: numbered versions, and stages that point at them, as objects in the store.

Both are append-only and made with put-if-absent, so nothing that was ever registered or promoted is lost.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Literal, TypeVar

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from moorage.errors import Corrupt, SpecError
from moorage.spec.models import Model
from moorage.spec.types import STEP_NAME_PATTERN, StepName
from moorage.store import Store

STAGES = ("staging", "production")
"""The stages that everybody has; others are made by promoting to them."""
LATEST = "latest"
"""What a reference says for the newest version."""
StageName = Annotated[str, StringConstraints(pattern=STEP_NAME_PATTERN)]


class Candidate(Model):
    """What a succeeded `bento:` step made, and from what; digests are `blake3:<64 hex>`, sizes bytes.

    `bento` is the digest of the Bento's manifest of files; `metrics` are those of the run, flat.
    """

    name: StepName
    run: str
    step: str
    attempt: int
    pipeline: str
    environment: str
    bento: str
    bento_size: int
    model: str
    contract: str | None = None
    code: str | None = None
    metrics: Mapping[str, float] = {}


class ModelVersion(Candidate):
    """A registered candidate: versions count from 1 and never change."""

    version: Annotated[int, Field(ge=1)]
    created: datetime


class Move(Model):
    """One move of a stage's pointer; `number` counts from 1 and `version` is where it has pointed since `at`."""

    name: StepName
    stage: StageName
    number: Annotated[int, Field(ge=1)]
    kind: Literal["promote", "rollback"]
    version: Annotated[int, Field(ge=1)]
    by: str
    at: datetime


Record = TypeVar("Record", ModelVersion, Move)


def register(store: Store, candidate: Candidate) -> ModelVersion:
    """Return the version that the candidate is; the same result registered twice is the same version."""
    known = versions(store, candidate.name)
    number = known[-1].version + 1 if known else 1
    while not (there := _same_result(known, candidate)):
        made = ModelVersion(**candidate.model_dump(), version=number, created=datetime.now(UTC))
        if store.put_if_absent(_version_key(candidate.name, number), made.model_dump_json().encode()):
            return made
        known = (_read(store, _version_key(candidate.name, number), ModelVersion),)  # another run was quicker
        number += 1
    return there


def names(store: Store) -> tuple[str, ...]:
    """Return the names of all registered models, sorted."""
    return tuple(store.folders("models/"))


def versions(store: Store, name: str) -> tuple[ModelVersion, ...]:
    """Return all versions of a model, oldest first; none for a name that was never registered."""
    numbers = _numbers(store, f"models/{name}/versions/")
    return tuple(_read(store, _version_key(name, number), ModelVersion) for number in numbers)


def resolve(store: Store, reference: str) -> ModelVersion:
    """Return the version that `name`, `name@latest`, `name@3` or `name@production` says.

    Raises SpecError with what there is, when there is no such model, version or stage.
    """
    name, _, wanted = reference.partition("@")
    _check_known("model", name, names(store), fix="run a pipeline with a bento step, or see: moorage model list")
    numbers = _numbers(store, f"models/{name}/versions/")
    number = _wanted_number(store, name, wanted or LATEST, numbers)
    if number not in numbers:
        there = f"there are 1 to {numbers[-1]}" if len(numbers) > 1 else "there is only 1"
        raise SpecError(f"model {name!r} has no version {number}; {there}", fix=f"moorage model show {name}")
    return _read(store, _version_key(name, number), ModelVersion)


def stages(store: Store, name: str) -> Mapping[str, int]:
    """Return the version that each stage of a model points at."""
    return {stage: history(store, name, stage)[-1].version for stage in store.folders(f"models/{name}/stages/")}


def history(store: Store, name: str, stage: str) -> tuple[Move, ...]:
    """Return all moves of a stage, oldest first; the last one holds."""
    folder = f"models/{name}/stages/{stage}/"
    return tuple(_read(store, f"{folder}{number}.json", Move) for number in _numbers(store, folder))


def promote(store: Store, name: str, version: int, stage: str, by: str) -> Move:
    """Point the stage at the version, and do nothing else; where it points there already, return that move.

    Raises SpecError for a version that is not there, or a stage that looks misspelt.
    """
    version = resolve(store, f"{name}@{version}").version
    _check_stage(stage, {*STAGES, *store.folders(f"models/{name}/stages/")})
    while not ((moves := history(store, name, stage)) and moves[-1].version == version):
        if made := _move(store, moves, name=name, stage=stage, kind="promote", version=version, by=by):
            return made
    return moves[-1]


def rollback(store: Store, name: str, stage: str, by: str) -> Move:
    """Point the stage at the version before the present one; again, at the one before that.

    Raises SpecError when there was none, or when somebody moved the stage at the same moment.
    """
    _check_known("model", name, names(store), fix="moorage model list")
    moves = history(store, name, stage)
    held = _held(moves)
    if len(held) < 2:
        seen = f"nothing but version {held[0]} was ever there" if held else "nothing was ever promoted to it"
        raise SpecError(f"stage {stage!r} of {name!r} cannot go back: {seen}", fix=f"moorage model show {name}")
    if made := _move(store, moves, name=name, stage=stage, kind="rollback", version=held[-2], by=by):
        return made
    raise SpecError(f"somebody else moved stage {stage!r} of {name!r} just now", fix=f"moorage model show {name}")


def _held(moves: Iterable[Move]) -> list[int]:
    # A second rollback must not return to what the first one left, so a rollback takes its version away.
    held: list[int] = []
    for move in moves:
        if move.kind == "promote":
            held.append(move.version)
        else:
            held.pop()
    return held


def _move(
    store: Store, moves: tuple[Move, ...], *, name: str, stage: str, kind: Literal["promote", "rollback"],
    version: int, by: str,
) -> Move | None:  # fmt: skip
    number = moves[-1].number + 1 if moves else 1
    made = Move(name=name, stage=stage, number=number, kind=kind, version=version, by=by, at=datetime.now(UTC))
    key = f"models/{name}/stages/{stage}/{number}.json"
    return made if store.put_if_absent(key, made.model_dump_json().encode()) else None


def _same_result(known: Iterable[ModelVersion], candidate: Candidate) -> ModelVersion | None:
    wanted = (candidate.run, candidate.step, candidate.attempt)
    return next((item for item in known if (item.run, item.step, item.attempt) == wanted), None)


def _wanted_number(store: Store, name: str, wanted: str, numbers: list[int]) -> int:
    if wanted == LATEST:
        return numbers[-1]
    if wanted.isascii() and wanted.isdigit():
        return int(wanted)
    there = store.folders(f"models/{name}/stages/")
    _check_known(f"stage of {name!r}", wanted, there, fix=f"moorage model promote {name}@{numbers[-1]} production")
    return history(store, name, wanted)[-1].version


def _check_known(what: str, name: str, known: Iterable[str], fix: str) -> None:
    there = sorted(known)
    if name in there:
        return
    close = get_close_matches(name, there, n=1)
    listed = ", ".join(there[:8]) if there else "none yet"
    raise SpecError(
        f"no {what} is named {name!r}; there is: {listed}", fix=f"did you mean {close[0]}?" if close else fix
    )


def _check_stage(stage: str, known: Iterable[str]) -> None:
    if stage in known:
        return
    try:
        TypeAdapter(StageName).validate_python(stage)
    except ValidationError:
        raise SpecError(
            f"{stage!r} cannot name a stage", fix="use lower case letters, digits and hyphens, as in production"
        ) from None
    if stage == LATEST:
        raise SpecError(
            f"{LATEST!r} is always the newest version, and no stage", fix="promote to production, or to staging"
        )
    if close := get_close_matches(stage, known, n=1, cutoff=0.75):
        raise SpecError(f"{stage!r} is not a stage yet, and looks like one that is", fix=f"did you mean {close[0]}?")


def _version_key(name: str, number: int) -> str:
    return f"models/{name}/versions/{number}.json"


def _numbers(store: Store, folder: str) -> list[int]:
    found = (entry.key.removeprefix(folder).removesuffix(".json") for entry in store.list(folder))
    return sorted(int(number) for number in found if number.isdigit())


def _read(store: Store, key: str, kind: type[Record]) -> Record:
    try:
        return kind.model_validate_json(store.get(key))
    except ValidationError as error:
        raise Corrupt(f"{key} is not a record of the registry: {error.error_count()} fields are wrong") from error
