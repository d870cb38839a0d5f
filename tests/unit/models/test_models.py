"""The registry: versions count up and never change, stages only move by being appended to."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from moorage.errors import Corrupt, SpecError
from moorage.models import (
    Candidate,
    ModelVersion,
    history,
    names,
    promote,
    register,
    resolve,
    rollback,
    stages,
    versions,
)
from moorage.store import Store, open_store


def candidate(run: str = "r1", name: str = "loans", attempt: int = 1) -> Candidate:
    return Candidate(
        name=name,
        run=run,
        step="package",
        attempt=attempt,
        pipeline="loans",
        environment="local",
        bento="blake3:" + "b" * 64,
        bento_size=1000,
        model="blake3:" + "c" * 64,
        metrics={"evaluate.scores.auc": 0.9},
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


@pytest.fixture
def three(store: Store) -> Store:
    """Return a store with versions 1, 2 and 3 of `loans`."""
    for run in ("r1", "r2", "r3"):
        register(store, candidate(run))
    return store


def test_versions_count_from_one(three: Store):
    assert [(item.version, item.run) for item in versions(three, "loans")] == [(1, "r1"), (2, "r2"), (3, "r3")]


def test_the_tenth_version_comes_after_the_ninth(store: Store):
    for number in range(12):
        register(store, candidate(f"r{number}"))
    assert [item.version for item in versions(store, "loans")] == list(range(1, 13))
    assert resolve(store, "loans").version == 12


def test_the_same_result_is_the_same_version(three: Store):
    again = register(three, candidate("r2"))
    assert again == versions(three, "loans")[1]
    assert len(versions(three, "loans")) == 3


def test_another_attempt_is_another_result(three: Store):
    assert register(three, candidate("r3", attempt=2)).version == 4


def test_a_version_keeps_what_was_registered(store: Store):
    made = register(store, candidate())
    assert isinstance(made, ModelVersion)
    assert made.model_dump(exclude={"version", "created"}) == candidate().model_dump()
    assert resolve(store, "loans") == made


def test_models_are_numbered_apart(three: Store):
    assert register(three, candidate("r9", name="tumors")).version == 1
    assert names(three) == ("loans", "tumors")


def test_drivers_that_register_at_once_each_get_a_version(store: Store):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda run: register(store, candidate(run)), [f"r{n // 2}" for n in range(16)]))
    assert sorted({item.version for item in made}) == list(range(1, 9))
    assert len({(item.run, item.version) for item in made}) == 8


@pytest.mark.parametrize(
    ("reference", "version"), [("loans", 3), ("loans@latest", 3), ("loans@2", 2), ("loans@production", 1)]
)
def test_a_reference_names_a_version(three: Store, reference: str, version: int):
    promote(three, "loans", 1, "production", "ada")
    assert resolve(three, reference).version == version


@pytest.mark.parametrize(
    ("reference", "seen"),
    [
        ("loan", "no model is named 'loan'; there is: loans\n  fix: did you mean loans?"),
        ("cars", "no model is named 'cars'; there is: loans"),
        ("loans@7", "model 'loans' has no version 7; there are 1 to 3"),
        ("loans@0", "has no version 0"),
        ("loans@staging", "no stage of 'loans' is named 'staging'; there is: production"),
        ("loans@prodution", "did you mean production?"),
        ("../loans", "no model is named '../loans'"),
        ("loans@../x", "no stage of 'loans' is named '../x'"),
        ("loans@²", "no stage of 'loans' is named '²'"),
        ("", "no model is named ''"),
    ],
)
def test_a_reference_to_nothing_says_what_there_is(three: Store, reference: str, seen: str):
    promote(three, "loans", 1, "production", "ada")
    with pytest.raises(SpecError) as raised:
        resolve(three, reference)
    assert seen in str(raised.value)


def test_an_empty_registry_says_how_to_fill_it(store: Store):
    with pytest.raises(SpecError, match="none yet"):
        resolve(store, "loans")
    assert versions(store, "loans") == ()
    assert names(store) == ()


def test_promotion_moves_a_pointer_and_nothing_else(three: Store):
    before = {entry.key for entry in three.list("")}
    move = promote(three, "loans", 2, "production", "ada")
    assert {entry.key for entry in three.list("")} - before == {"models/loans/stages/production/1.json"}
    assert (move.version, move.by, move.kind) == (2, "ada", "promote")
    assert stages(three, "loans") == {"production": 2}


def test_promoting_what_is_there_already_changes_nothing(three: Store):
    first = promote(three, "loans", 2, "production", "ada")
    assert promote(three, "loans", 2, "production", "bob") == first
    assert history(three, "loans", "production") == (first,)


def test_a_version_that_is_not_there_cannot_be_promoted(three: Store):
    with pytest.raises(SpecError, match="no version 9"):
        promote(three, "loans", 9, "production", "ada")


@pytest.mark.parametrize("stage", ["prodution", "Production", "stagin"])
def test_a_stage_that_looks_misspelt_is_not_made(three: Store, stage: str):
    with pytest.raises(SpecError, match=r"cannot name a stage|did you mean"):
        promote(three, "loans", 1, stage, "ada")


@pytest.mark.parametrize("stage", ["", "../up", "a/b", "3", "latest"])
def test_a_name_that_a_reference_could_not_say_is_no_stage(three: Store, stage: str):
    with pytest.raises(SpecError):
        promote(three, "loans", 1, stage, "ada")


def test_a_stage_of_ones_own_is_made_by_promoting_to_it(three: Store):
    promote(three, "loans", 1, "shadow", "ada")
    assert resolve(three, "loans@shadow").version == 1


def test_rollback_goes_back_one_version_each_time(three: Store):
    for version in (1, 2, 3):
        promote(three, "loans", version, "production", "ada")
    assert rollback(three, "loans", "production", "bob").version == 2
    assert rollback(three, "loans", "production", "bob").version == 1
    assert [move.kind for move in history(three, "loans", "production")] == ["promote"] * 3 + ["rollback"] * 2


def test_after_a_rollback_a_promotion_starts_from_there(three: Store):
    for version in (1, 2):
        promote(three, "loans", version, "production", "ada")
    rollback(three, "loans", "production", "ada")
    promote(three, "loans", 3, "production", "ada")
    assert rollback(three, "loans", "production", "ada").version == 1


def test_a_rollback_with_nothing_before_is_a_sentence(three: Store):
    with pytest.raises(SpecError, match="nothing was ever promoted to it"):
        rollback(three, "loans", "production", "ada")
    promote(three, "loans", 1, "production", "ada")
    with pytest.raises(SpecError, match="nothing but version 1 was ever there"):
        rollback(three, "loans", "production", "ada")


def test_promotions_at_once_are_all_recorded(three: Store):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda version: promote(three, "loans", version, "production", "ada"), (1, 2, 3)))
    moves = history(three, "loans", "production")
    assert {move.version for move in moves} == {1, 2, 3}
    assert [move.number for move in moves] == list(range(1, len(moves) + 1))


def test_a_damaged_record_is_said_to_be_damaged(three: Store):
    three.put("models/loans/versions/3.json", b"{}")
    with pytest.raises(Corrupt, match=r"models/loans/versions/3\.json is not a record"):
        resolve(three, "loans")
