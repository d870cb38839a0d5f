"""The folder of a job keeps everybody else out, and tells what is known."""

import json
import os
from pathlib import Path

import pytest

from moorage.errors import Corrupt
from moorage_local.folders import End, JobFolder, folder_name


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path / "jobs" / "one")


def test_one_holder_keeps_all_others_out(folder: JobFolder) -> None:
    held = folder.lock()
    assert held is not None
    assert folder.lock() is None
    os.close(held)
    again = folder.lock()
    assert again is not None
    os.close(again)


def test_a_removed_folder_is_made_anew_for_the_next_holder(folder: JobFolder) -> None:
    held = folder.lock()
    folder.mark_begun()
    folder.remove()
    assert not folder.has_begun
    again = folder.lock()
    assert held is not None
    assert again is not None
    assert not os.path.samestat(os.fstat(held), os.fstat(again))
    os.close(held)
    os.close(again)
    assert list(folder.path.parent.iterdir()) == [folder.path]


def test_half_a_record_is_none(folder: JobFolder) -> None:
    folder.path.mkdir(parents=True)
    (folder.path / "record").write_text('{"key": "on')
    assert folder.record() is None


def test_a_record_of_another_version_is_told(folder: JobFolder) -> None:
    folder.path.mkdir(parents=True)
    (folder.path / "record").write_text(json.dumps({"key": "one", "planet": "Mars"}))
    with pytest.raises(Corrupt, match="another version"):
        folder.record()


def test_an_end_is_kept(folder: JobFolder) -> None:
    folder.path.mkdir(parents=True)
    folder.write_end(End(3))
    assert folder.end() == End(3)
    assert folder.has_begun


@pytest.mark.parametrize("key", ["", ".", "..", "../up", "a/b", "A", "x" * 300, "k\0", "ü"])
def test_any_key_has_a_folder_of_its_own(key: str) -> None:
    assert len(folder_name(key)) == 64
    assert folder_name(key) != folder_name(key + "x")


def test_a_plain_key_is_its_folder() -> None:
    assert folder_name("mr-r1-train-1-abc123") == "mr-r1-train-1-abc123"
