"""What MLflow is told at each event of a run.

The run of MLflow is found by its tag, so a run that another driver resumed goes on where it was; what it
has already is not logged twice, and what an earlier driver could not log is made up for.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import TypeVar

from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from moorage import models
from moorage.journal import Event, RunRecord, events
from moorage.models import ModelVersion
from moorage.observe.tracking.values import RUN_TAG, STATUSES, metrics_of, model_tags, parameters_of, tags_of
from moorage.observe.watched import Watched

_AT_ONCE = 100  # MLflow's own limit of parameters and tags in a batch

_Value = TypeVar("_Value", str, float)


class Tracking:
    """Keeps one run of MLflow equal to one of ours."""

    def __init__(self, watched: Watched, client: MlflowClient | None = None) -> None:
        self._client, self._watched = client or MlflowClient(), watched
        found = self._find() or self._create()
        self._id = found.info.run_id
        self._params: dict[str, str] = dict(found.data.params)
        self._metrics: dict[str, float] = dict(found.data.metrics)
        self._tags: dict[str, str] = dict(found.data.tags)

    def note(self, record: RunRecord, event: Event) -> None:
        """Take up an event, and the run as it stands after it."""
        if isinstance(event, events.DriverStarted):
            self._client.update_run(self._id, STATUSES[record.state])
        if isinstance(event, events.DriverStarted | events.AttemptFinished | events.StepCached | events.RunEnded):
            self._log(record, event.at)
        if isinstance(event, events.RunEnded):
            self._end(record, event.at)

    def close(self) -> None:
        """Nothing is left: each call is done when it returns."""

    def _find(self) -> Run | None:
        query = f"tags.`{RUN_TAG}` = '{self._watched.record.id}'"
        return next(iter(self._client.search_runs([self._experiment()], query, max_results=1)), None)

    def _create(self) -> Run:
        record = self._watched.record
        commit = commit_of(self._watched.project)
        return self._client.create_run(
            self._experiment(),
            start_time=_milliseconds(record.created),
            run_name=record.id,
            tags=tags_of(record) | ({"mlflow.source.git.commit": commit} if commit else {}),
        )

    def _experiment(self) -> str:
        if told := os.environ.get("MLFLOW_EXPERIMENT_ID"):
            return told
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or self._watched.record.pipeline
        if found := self._client.get_experiment_by_name(name):
            return str(found.experiment_id)
        try:
            return str(self._client.create_experiment(name))
        except MlflowException:
            # Another run of the same pipeline may have been quicker.
            if found := self._client.get_experiment_by_name(name):
                return str(found.experiment_id)
            raise

    def _log(self, record: RunRecord, at: datetime) -> None:
        params = _news(parameters_of(record), self._params)
        metrics = _news(metrics_of(record), self._metrics)
        tags = _news(tags_of(record), self._tags)
        for some in _batches(params):
            self._client.log_batch(self._id, params=[Param(*item) for item in some.items()])
        for some in _batches(tags):
            self._client.log_batch(self._id, tags=[RunTag(*item) for item in some.items()])
        for numbers in _batches(metrics):
            logged = [Metric(name, value, _milliseconds(at), 0) for name, value in numbers.items()]
            self._client.log_batch(self._id, metrics=logged)

    def _end(self, record: RunRecord, at: datetime) -> None:
        for name, value in model_tags(self._registered(record)).items():
            self._client.set_tag(self._id, name, value)
        self._client.set_terminated(self._id, STATUSES[record.state], _milliseconds(at))

    def _registered(self, record: RunRecord) -> tuple[ModelVersion, ...]:
        steps = [step for step in self._watched.resolved.pipeline.steps if step.bento]
        makers = {(record.steps[step.name].cached_from or record.id, step.name) for step in steps}
        names = dict.fromkeys(step.bento.model for step in steps if step.bento)
        found = (item for name in names for item in models.versions(self._watched.store, name))
        return tuple(item for item in found if (item.run, item.step) in makers)


def commit_of(folder: str) -> str | None:
    """Return the commit that is checked out in `folder`; None where git knows none."""
    try:
        asked = subprocess.run(
            ["git", "-C", folder, "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() or None if asked.returncode == 0 else None


def _news(told: Mapping[str, _Value], known: dict[str, _Value]) -> dict[str, _Value]:
    news = {name: value for name, value in told.items() if known.get(name) != value}
    known.update(news)
    return news


def _batches(values: Mapping[str, _Value]) -> Iterator[dict[str, _Value]]:
    pairs = iter(values.items())
    while some := dict(islice(pairs, _AT_ONCE)):
        yield some


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
