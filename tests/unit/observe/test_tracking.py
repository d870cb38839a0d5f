"""MLflow has one run per run, in its own file store: parameters, metrics, digests, and how it ended."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from moorage import models
from moorage.journal import RunRecord, events
from moorage.observe.tracking import Tracking
from moorage.observe.tracking.observer import commit_of
from moorage.observe.tracking.values import STATUSES
from moorage.observe.watched import Watched
from moorage.runs.steering import drive
from moorage.states import Cause, RunState, State
from moorage.step.request import StepResult
from tests.rigs.imaginary import Outcome
from tests.unit.observe.conftest import Scene, failing

SetScene = Callable[..., Scene]
SCORED = {"name": "a", "outputs": {"scores": {"kind": "metrics"}}}


class Store:
    """MLflow's own file store, and what is in it."""

    def __init__(self, folder: Path) -> None:
        self.uri = folder.as_uri()
        self.client = MlflowClient(self.uri)

    def make(self, watched: Watched) -> Tracking:
        """Return an observer that logs here."""
        return Tracking(watched, self.client)

    def runs(self, experiment: str = "acme") -> list[Run]:
        """Return the runs of an experiment, oldest first."""
        found = self.client.get_experiment_by_name(experiment)
        return list(self.client.search_runs([found.experiment_id], order_by=["start_time"])) if found else []


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return Store(tmp_path / "mlruns")


def _scored(there: Scene, **numbers: float) -> Outcome:
    return Outcome(StepResult(State.SUCCEEDED, outputs={"scores": there.artifact("metrics", metrics=numbers)}))


def test_a_run_has_parameters_metrics_digests_and_an_end(scene: SetScene, store: Store):
    there = scene()
    there.platform.script["a", 1] = _scored(there, auc=0.75, rows=10)
    run = there.make(SCORED, parameters={"seed": 7, "source": "s3://bucket/a.csv"})
    record = there.drive(run, store.make)
    (found,) = store.runs()
    assert found.data.params == {"seed": "7", "source": "s3://bucket/a.csv"}
    assert found.data.metrics == {"a.scores.auc": 0.75, "a.scores.rows": 10.0}
    assert found.data.tags["moorage.artifact.a.scores"] == record.steps["a"].outputs["scores"].digest
    assert (found.data.tags["moorage.run"], found.data.tags["moorage.environment"]) == (run, "nowhere")
    assert (found.info.run_name, found.info.status) == (run, "FINISHED")
    assert (found.info.start_time, found.info.end_time) == _milliseconds(record)


def _milliseconds(record: RunRecord) -> tuple[int, ...]:
    return tuple(int(at.timestamp() * 1000) for at in (record.created, record.finished) if at)


def test_another_driver_goes_on_with_the_same_run_and_logs_nothing_twice(scene: SetScene, store: Store):
    there = scene()
    there.platform.script["a", 1] = _scored(there, auc=0.75)
    there.platform.script["b", 1] = _scored(there, auc=0.5)
    run = there.make(SCORED, {**SCORED, "name": "b", "after": ["a"]})
    there.drive(run, store.make, until=lambda event: isinstance(event, events.AttemptFinished))
    assert store.runs()[0].info.status == "RUNNING"
    there.drive(run, store.make)
    (found,) = store.runs()
    assert found.data.metrics == {"a.scores.auc": 0.75, "b.scores.auc": 0.5}
    assert len(store.client.get_metric_history(found.info.run_id, "a.scores.auc")) == 1


def test_what_a_driver_that_died_could_not_log_is_made_up_for(scene: SetScene, store: Store):
    class Deaf(Tracking):
        def note(self, record: RunRecord, event: object) -> None:
            pass

    there = scene()
    there.platform.script["a", 1] = _scored(there, auc=0.75)
    run = there.make(SCORED, {"name": "b", "after": ["a"]})
    there.drive(
        run, lambda watched: Deaf(watched, store.client), lambda event: isinstance(event, events.AttemptFinished)
    )
    there.drive(run, store.make)
    (found,) = store.runs()
    assert found.data.metrics == {"a.scores.auc": 0.75}


def test_a_run_that_failed_and_was_resumed_is_one_run_that_finished(scene: SetScene, store: Store):
    there = scene({("a", 1): failing(Cause.USER)})
    run = there.make({"name": "a", "retries": 0})
    there.drive(run, store.make)
    assert store.runs()[0].info.status == "FAILED"
    there.resume(run, store.make)
    (found,) = store.runs()
    assert (found.info.status, found.data.tags["moorage.state"]) == ("FINISHED", "succeeded")


def test_a_registered_model_version_is_named(scene: SetScene, store: Store):
    there = scene()
    there.platform.script["a", 1] = Outcome(StepResult(State.SUCCEEDED, outputs={"model": there.artifact("model")}))
    there.platform.script["pack", 1] = Outcome(StepResult(State.SUCCEEDED, outputs={"bento": there.artifact("bento")}))
    packing = {"name": "pack", "bento": {"path": "b", "model": "acme-loans"}, "inputs": {"model": "a.model"}}
    run = there.make({"name": "a", "outputs": {"model": {"kind": "model"}}}, packing)
    there.drive(run, store.make)
    (version,) = models.versions(there.store, "acme-loans")
    assert store.runs()[0].data.tags["moorage.model.acme-loans"] == f"acme-loans@{version.version}"


def test_more_than_a_batch_is_logged(scene: SetScene, store: Store):
    there = scene()
    there.platform.script["a", 1] = _scored(there, **{f"m{number}": float(number) for number in range(250)})
    there.drive(there.make(SCORED, parameters={f"p{number}": number for number in range(150)}), store.make)
    (found,) = store.runs()
    assert (len(found.data.metrics), len(found.data.params)) == (250, 150)


def test_the_experiment_can_be_named(scene: SetScene, store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "risk")
    there = scene()
    there.drive(there.make({"name": "a"}), store.make)
    assert (len(store.runs("risk")), len(store.runs())) == (1, 0)


def test_every_state_of_a_run_has_a_word_of_mlflows():
    assert set(STATUSES) == set(RunState)


def test_a_folder_without_git_has_no_commit(tmp_path: Path):
    assert commit_of(str(tmp_path)) is None


def test_a_run_is_logged_where_the_environment_says(scene: SetScene, store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)
    monkeypatch.setenv("MOORAGE_MLFLOW", "1")
    monkeypatch.setattr("moorage.observe.watching.FLUSH_SECONDS", 60.0)
    there = scene()
    there.platform.script["a", 1] = _scored(there, auc=0.75)
    drive(there.place, there.make(SCORED))
    (found,) = store.runs()
    assert (found.info.status, found.data.metrics) == ("FINISHED", {"a.scores.auc": 0.75})
