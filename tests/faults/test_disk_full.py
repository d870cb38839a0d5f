"""The disk is full under a driver: at any write of its own, and for real; with space again, the next one goes on."""

import errno
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from moorage.errors import TargetError
from moorage.journal import read_record
from moorage.states import RunState
from moorage.store import Store, local, open_store
from moorage.store.address import parse_address
from moorage.store.local import LocalObjects
from tests.conftest import SOAK
from tests.faults.processes import Project
from tests.faults.stories import STORY, assert_ended_well, assert_sound, drive, finish, story_stage


class FullDisk(LocalObjects):
    """A folder with room for so many writes of the driver, and for half of the next."""

    def __init__(self, root: str, writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(root)
        self.left, self.monkeypatch = writes, monkeypatch

    def put(self, key: str, data: bytes, mode: int = 0o666) -> None:
        with self.limited():
            super().put(key, data, mode)

    def create(self, key: str, data: bytes) -> bool:
        with self.limited():
            return super().create(key, data)

    @contextmanager
    def limited(self) -> Iterator[None]:
        # Jobs and people write to folders of their own.
        with self.monkeypatch.context() as patch:
            patch.setattr(local, "os", Os(self.write))
            yield

    def write(self, file: int, data: memoryview) -> int:
        self.left -= 1
        if self.left == -1:
            return os.write(file, data[: len(data) // 2])
        if self.left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(file, data)


class Os:
    """The module `os` with another `write`."""

    def __init__(self, write: Callable[[int, memoryview], int]) -> None:
        self.write = write

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)


def test_a_disk_that_fills_at_any_write_ends_the_driver_in_a_sentence_and_the_next_one_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for writes in itertools.count():
        folder = tmp_path / f"store-{writes}"
        stage = story_stage(tmp_path, open_store(folder))
        run = stage.make(STORY)
        disk = FullDisk(str(folder), writes, monkeypatch)
        place = replace(stage.place, store=Store(parse_address(folder), disk))
        with suppress(TargetError):
            drive(stage, run, "first", place)
        finish(stage, run)
        assert_ended_well(stage, run)
        assert os.listdir(folder / "work" / "put") == []
        if disk.left >= 0:
            assert writes > 15
            break


def noting(project: Project, count: int) -> list[dict[str, object]]:
    command = ["sh", "-c", project.note]
    return [{"name": f"s{number}", "command": command, "parameters": {"n": number}} for number in range(count)]


def retried(number: int) -> dict[str, object]:
    return {"after": [f"s{number - 1}"] if number else [], "retries": {"limit": 2, "backoff": "0.1s"}}


def test_a_command_on_a_full_disk_ends_with_2_and_resume_goes_on_when_there_is_space(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MOORAGE_STORE", str(small_disk / "store"))
    project = Project(tmp_path / "project")
    run = project.make(noting(project, 4))
    ballast = small_disk / "ballast"
    _fill(ballast)
    code, said = project.call("resume", run)
    assert code == 2
    assert "No space left on device" in said
    assert "free space" in said
    assert "Traceback" not in said
    ballast.unlink()
    code, said = project.call("resume", run)
    assert code == 0, said
    assert read_record(project.store, run).state is RunState.SUCCEEDED
    assert project.effects == {(f"s{number}", 1): 1 for number in range(4)}
    assert_sound(project.store, run)


@pytest.mark.parametrize("room_kib", range(4, 100, 4) if SOAK else (8, 40))
def test_a_disk_that_fills_during_a_run_loses_nothing_of_it(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room_kib: int
):
    monkeypatch.setenv("MOORAGE_STORE", str(small_disk / "store"))
    project = Project(tmp_path / "project")
    steps = [{**step, **retried(n)} for n, step in enumerate(noting(project, 6))]
    run = project.make(steps)
    ballast = small_disk / "ballast"
    _fill(ballast)
    os.truncate(ballast, ballast.stat().st_size - room_kib * 1024)
    code, said = project.call("resume", run)
    assert code in (1, 2)
    assert "Traceback" not in said
    ballast.unlink()
    code, said = project.call("resume", run)
    assert code == 0, said
    record = read_record(project.store, run)
    assert record.state is RunState.SUCCEEDED
    recorded = {(step.name, one.number) for step in record.steps.values() for one in step.attempts}
    assert set(project.effects) <= recorded
    assert set(project.effects.values()) == {1}
    assert_sound(project.store, run)


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
