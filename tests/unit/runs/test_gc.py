"""What `moorage gc` removes, and what it never does."""

from datetime import UTC, datetime, timedelta

import pytest

from moorage.plan.planning import Draft
from moorage.runs.gc import collect_garbage
from moorage.runs.making import make_run
from moorage.states import State, StepState
from moorage.step.request import Artifact, StepResult
from moorage.store import has_blob, open_store, put_bytes, put_directory
from tests.rigs.imaginary import Outcome, resolved
from tests.rigs.stage import Stage


@pytest.fixture
def later():
    return datetime.now(UTC) + timedelta(days=8)


def test_bytes_that_nothing_names_go_after_seven_days(stage, later):
    set_ = stage()
    blob = put_bytes(set_.store, b"left by a step that was killed")
    assert collect_garbage(set_.place, now=datetime.now(UTC)).counts["blobs"] == 0
    assert collect_garbage(set_.place, now=later).counts["blobs"] == 1
    assert not has_blob(set_.store, blob.digest)


def test_a_dry_run_counts_and_removes_nothing(stage, later):
    set_ = stage()
    blob = put_bytes(set_.store, b"left behind")
    removed = collect_garbage(set_.place, now=later, dry_run=True)
    assert (removed.counts["blobs"], removed.bytes) == (1, len(b"left behind"))
    assert has_blob(set_.store, blob.digest)


def test_what_a_run_made_stays_with_its_profile_and_its_quarantine(stage, pipeline, later):
    set_ = stage()
    blobs = [put_bytes(set_.store, text).digest for text in (b"table", b"profile", b"bad rows")]
    table = Artifact("table", blobs[0], 5, profile=blobs[1])
    result = StepResult(State.SUCCEEDED, outputs={"rows": table}, quarantined={"rows": Artifact("table", blobs[2], 8)})
    set_.platform.script[("a", 1)] = Outcome(result)
    set_.drive(pipeline({"name": "a", "outputs": {"rows": {"kind": "table"}}}))
    assert collect_garbage(set_.place, now=later).counts["blobs"] == 0
    assert all(has_blob(set_.store, digest) for digest in blobs)


def test_the_files_of_a_directory_stay_with_it(stage, pipeline, later, tmp_path):
    set_ = stage()
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "note.txt").write_text("kept")
    made = put_directory(set_.store, tmp_path / "made", take=False)
    set_.platform.script[("a", 1)] = Outcome(
        StepResult(State.SUCCEEDED, outputs={"made": Artifact("directory", made.digest, made.size)})
    )
    set_.drive(pipeline({"name": "a", "outputs": {"made": {"kind": "directory"}}}))
    assert collect_garbage(set_.place, now=later).counts["blobs"] == 0


def test_runs_that_ended_long_ago_are_forgotten_with_their_cache_and_their_bytes(stage, pipeline, later):
    set_ = stage()
    blob = put_bytes(set_.store, b"old")
    set_.platform.script[("a", 1)] = Outcome(
        StepResult(State.SUCCEEDED, outputs={"file": Artifact("file", blob.digest, 3)})
    )
    plan = pipeline({"name": "a", "outputs": {"file": {"kind": "file"}}})
    set_.drive(plan)
    removed = collect_garbage(set_.place, older_than=timedelta(days=7), now=later)
    assert (removed.counts["runs"], removed.counts["cache entries"], removed.counts["blobs"]) == (1, 1, 1)
    assert set_.store.folders("runs/") == []
    assert set_.drive(plan).steps["a"].state is StepState.SUCCEEDED


def test_an_unfinished_run_is_never_forgotten(stage, pipeline, later):
    set_ = stage()
    run = make_run(set_.place, Draft(resolved(pipeline({"name": "a"}), set_.store), None, {}))
    collect_garbage(set_.place, older_than=timedelta(days=1), now=later)
    assert set_.store.folders("runs/") == [run]


def test_jobs_of_ended_runs_are_let_go(stage, pipeline):
    set_ = stage()
    set_.drive(pipeline({"name": "a"}))
    assert collect_garbage(set_.place).counts["jobs"] == 1
    assert not set_.platform.jobs


def test_what_killed_processes_left_half_done_goes_when_nobody_can_want_it(tmp_path, pipeline, later):
    set_ = Stage(tmp_path, {}, None, open_store(tmp_path / "store"))
    ended, open_ = set_.drive(pipeline({"name": "a"})).id, set_.make(pipeline({"name": "a"}))
    work = tmp_path / "store" / "work"
    for name in (f"{ended}-a-1-nonce", f"{open_}-a-1-nonce", "rgone-a-1-nonce", "code/kept", "put"):
        (work / name).mkdir(parents=True, exist_ok=True)
    (work / "put" / "half").write_bytes(b"ha")
    assert collect_garbage(set_.place).counts["scratch folders"] == 1
    removed = collect_garbage(set_.place, now=later)
    assert (removed.counts["scratch folders"], removed.counts["half-written files"]) == (1, 1)
    assert sorted(path.name for path in work.iterdir()) == sorted(["code", "put", f"{open_}-a-1-nonce"])
