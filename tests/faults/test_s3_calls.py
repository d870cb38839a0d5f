"""A driver whose bucket is a real S3 server behind a line that refuses, fails, or loses answers after the deed."""

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from moorage.errors import AccessDenied
from moorage.runs.place import Place
from moorage.store import open_store
from moorage.store.patient import patient
from tests.conftest import SOAK
from tests.faults.stories import STORY, assert_ended_well, drive, finish, story_stage
from tests.rigs.stage import Stage
from tests.unit.store.proxy import Proxy

NUMBERS = range(1, 40) if SOAK else (9, 26)
"""The calls that meet the fault; a run makes about 35."""


def numbered(number: int, count: int = 1):
    """Return what says of each call whether it is among those `count` from `number` on."""
    calls = iter(range(1, 1_000_000))
    return lambda call: number <= next(calls) < number + count


@dataclass(frozen=True)
class Scene:
    """A run whose driver alone reaches the bucket over the proxy; jobs and people have a line of their own."""

    stage: Stage
    run: str
    place: Place

    def drive(self) -> None:
        drive(self.stage, self.run, "first", self.place)


@pytest.fixture
def scene(tmp_path: Path, s3_server: str, bucket: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Scene:
    over = patient(open_store(bucket))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{s3_server}")
    stage = story_stage(tmp_path, open_store(bucket))
    return Scene(stage, stage.make(STORY), replace(stage.place, store=over))


@pytest.mark.parametrize("number", NUMBERS)
def test_a_lost_answer_of_any_call_changes_nothing(scene: Scene, proxy: Proxy, number: int):
    proxy.drops = numbered(number)
    scene.drive()
    assert_ended_well(scene.stage, scene.run)


@pytest.mark.parametrize("number", NUMBERS if SOAK else NUMBERS[:1])
def test_a_server_that_fails_at_some_calls_is_asked_again(scene: Scene, proxy: Proxy, number: int):
    fails = numbered(number, count=9)  # more than obstore itself bears
    proxy.answers = lambda call: 503 if fails(call) else None
    scene.drive()
    assert_ended_well(scene.stage, scene.run)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_refused_call_ends_the_driver_and_the_next_one_finishes(scene: Scene, proxy: Proxy, number: int):
    refused = numbered(number)
    proxy.answers = lambda call: 403 if refused(call) else None
    with suppress(AccessDenied):
        scene.drive()
    finish(scene.stage, scene.run)
    assert_ended_well(scene.stage, scene.run)
