"""What a process that forks jobs knows of its own threads."""

import os
import threading
from collections.abc import Iterator

import pytest

from moorage_local import keeper


@pytest.fixture
def waiting() -> Iterator[threading.Thread]:
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield thread
    end.set()
    thread.join()


def test_a_thread_that_stays_is_named(waiting: threading.Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "_LEAVING_SECONDS", 0.0)
    with open(f"/proc/self/task/{waiting.native_id}/comm") as file:
        assert file.read().strip() in keeper.lasting_threads().split(", ")


def test_a_thread_that_leaves_while_it_is_looked_at_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "listdir", lambda folder: [str(os.getpid()), "999999999"])
    assert keeper.lasting_threads() == ""


def test_a_thread_on_its_way_out_is_given_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([{"python"}, {"python"}, set[str]()])
    monkeypatch.setattr(keeper, "_LEAVING_SECONDS", 60.0)
    monkeypatch.setattr(keeper, "_other_threads", lambda: next(looks))
    assert keeper.lasting_threads() == ""
