"""A small run that has some of everything, and what must have come of it in the end."""

from collections import Counter

from moorage.journal import RunRecord, events, read_events, read_record
from moorage.runs.commands import send
from moorage.runs.place import Place
from moorage.spec.models import Pipeline
from moorage.states import RunState, StepState
from moorage.step.request import Artifact
from moorage.store import Store, put_bytes
from tests.rigs.imaginary import failure, success
from tests.rigs.stage import Stage

STORY = Pipeline.model_validate(
    {
        "name": "story",
        "steps": [
            {
                "name": "train",
                "run": "acme.steps:work",
                "outputs": {"scores": {"kind": "metrics"}},
                "retries": {"limit": 1, "backoff": "1s"},
            },
            {"name": "gate", "require": {"train.scores.auc": ">= 0.5"}},
            {"name": "use", "run": "acme.steps:use", "inputs": {"scores": "train.scores"}, "after": ["gate"]},
            {"name": "ask", "approval": {}, "after": ["use"]},
            {"name": "last", "run": "acme.steps:last", "after": ["ask"], "parameters": {"n": 1}},
        ],
    }
)
ENDS = {
    "train": (StepState.SUCCEEDED, 2),
    "gate": (StepState.SUCCEEDED, 0),
    "use": (StepState.SUCCEEDED, 1),
    "ask": (StepState.SUCCEEDED, 0),
    "last": (StepState.SUCCEEDED, 1),
}
CACHED = {**ENDS, **dict.fromkeys(("train", "use", "last"), (StepState.CACHED, 0))}


def story_stage(tmp_path, store: Store | None = None) -> Stage:
    """Return a stage on which the first attempt of `train` fails, and somebody approves what is asked."""
    stage = Stage(tmp_path, {("train", 1): failure()}, None, store)
    blob = put_bytes(stage.store, b'{"auc":0.9}')
    scores = Artifact("metrics", blob.digest, blob.size, metrics={"auc": 0.9})
    stage.platform.script["train", 2] = success(scores=scores)
    return stage


def drive(stage: Stage, run: str, name: str, place: Place | None = None) -> RunRecord:
    """Drive the run, while somebody approves over a line of their own what is asked."""
    driver = stage.driver(run, name, place)

    def on_wait() -> None:
        if driver.record.steps["ask"].asked and not any(stage.store.list(f"runs/{run}/commands/")):
            send(stage.store, driver.record, STORY, "approve", by="ann")

    stage.platform.on_wait = on_wait
    return driver.drive()


def finish(stage: Stage, run: str, tries: int = 5) -> RunRecord:
    """Return the run as it stands after drivers that meet no fault."""
    for number in range(tries):
        record = read_record(stage.store, run)
        if record.state.is_terminal:
            return record
        drive(stage, run, f"after-{number}")
    raise AssertionError(f"it does not end: {record}")


def assert_ended_well(stage: Stage, run: str, ends=ENDS) -> None:
    """The record is that of a run without faults, each attempt is one job and has one end, and what succeeded stays."""
    record = read_record(stage.store, run)
    assert record.state is RunState.SUCCEEDED
    assert {name: (step.state, len(step.attempts)) for name, step in record.steps.items()} == ends
    jobs = Counter(
        (job.request.owner.step, job.request.owner.attempt)
        for job in stage.platform.jobs.values()
        if job.request.owner.run == run
    )
    assert jobs == {(name, n + 1): 1 for name, (_, attempts) in ends.items() for n in range(attempts)}
    assert_sound(stage.store, run)


def assert_sound(store: Store, run: str) -> None:
    """No attempt begins or ends twice, and nothing that was recorded as a success begins again."""
    done: set[str] = set()
    seen: Counter[tuple[str, str, int]] = Counter()
    for event in read_events(store, run):
        if isinstance(event, events.AttemptIntended | events.AttemptFinished):
            seen[event.event, event.step, event.attempt] += 1
        if isinstance(event, events.AttemptIntended):
            assert event.step not in done
        if isinstance(event, events.AttemptFinished) and event.state == "succeeded":
            done.add(event.step)
    assert max(seen.values(), default=1) == 1
