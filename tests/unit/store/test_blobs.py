"""What holds of blobs in every kind of store."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from blake3 import blake3

from moorage.errors import Corrupt, NotFound, SpecError
from moorage.store import (
    Blob,
    Store,
    blob_path,
    digest_of,
    fetch_file,
    has_blob,
    open_store,
    put_bytes,
    put_file,
    read_blob,
)

LARGE = bytes(range(251)) * 80_000  # 20 MB: several parts, several pieces, several threads
ABSENT = f"blake3:{'0' * 64}"


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def named(data: bytes) -> Blob:
    return Blob(f"blake3:{blake3(data).hexdigest()}", len(data))


def key_of(blob: Blob) -> str:
    return f"blobs/blake3/{blob.digest[7:]}"


@pytest.fixture
def folder(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


@pytest.mark.parametrize("data", [b"", b"abc", LARGE], ids=["empty", "small", "large"])
def test_the_digest_is_that_of_the_bytes(tmp_path: Path, data: bytes):
    assert digest_of(written(tmp_path / "f", data)) == named(data)


def test_a_large_file_is_hashed_by_one_thread_where_no_other_can_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class PanicException(BaseException):
        pass

    def alone(max_threads: int = 1) -> blake3:
        if max_threads > 1:
            raise PanicException("ThreadPoolBuildError: Resource temporarily unavailable")
        return blake3()

    monkeypatch.setattr("moorage.store.blobs.blake3", alone)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert digest_of(written(tmp_path / "f", LARGE)) == named(LARGE)


def test_hashing_a_large_file_leaves_no_thread(tmp_path: Path):
    path = written(tmp_path / "f", LARGE)
    code = f"""
import os, time
from pathlib import Path
from moorage.store import digest_of
digest_of(Path({str(path)!r}))
deadline = time.monotonic() + 60
while len(os.listdir("/proc/self/task")) > 1:
    assert time.monotonic() < deadline
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("take", [True, False])
@pytest.mark.parametrize("data", [b"", b"abc", LARGE], ids=["empty", "small", "large"])
def test_a_file_comes_back_as_it_was(store: Store, tmp_path: Path, data: bytes, take: bool):
    source = written(tmp_path / "in", data)
    blob = put_file(store, source, take=take)
    assert blob == named(data)
    assert source.exists() != take
    fetch_file(store, blob.digest, tmp_path / "new" / "out")
    assert (tmp_path / "new" / "out").read_bytes() == read_blob(store, blob.digest) == data
    assert os.listdir(tmp_path / "new") == ["out"]


@pytest.mark.parametrize("data", [b"", b"abc", LARGE], ids=["empty", "small", "large"])
def test_bytes_come_back_as_they_were(store: Store, data: bytes):
    assert put_bytes(store, data) == put_bytes(store, data) == named(data)
    assert read_blob(store, named(data).digest) == data
    assert store.get(key_of(named(data))) == data


def test_the_same_bytes_are_kept_once(store: Store, tmp_path: Path):
    for number in range(3):
        put_file(store, written(tmp_path / str(number), b"same"), take=number > 0)
    assert [entry.key for entry in store.list("blobs/")] == [key_of(named(b"same"))]


def test_a_blob_that_is_not_there_is_said_to_be_missing(store: Store, tmp_path: Path):
    assert not has_blob(store, ABSENT)
    assert has_blob(store, put_bytes(store, b"here").digest)
    with pytest.raises(NotFound, match="0000"):
        read_blob(store, ABSENT)
    with pytest.raises(NotFound, match="0000"):
        fetch_file(store, ABSENT, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_wrong_bytes_are_found_out_and_leave_nothing(store: Store, tmp_path: Path):
    digest = put_bytes(store, b"right").digest
    store.put(f"blobs/blake3/{digest[7:]}", b"wrong")
    for read in (lambda: read_blob(store, digest), lambda: fetch_file(store, digest, tmp_path / "to" / "out")):
        with pytest.raises(Corrupt) as caught:
            read()
        assert digest in str(caught.value)
        assert f"blobs/blake3/{digest[7:]}" in str(caught.value)
    assert os.listdir(tmp_path / "to") == []


def test_wrong_bytes_do_not_touch_what_was_there(store: Store, tmp_path: Path):
    digest = put_bytes(store, b"right").digest
    store.put(f"blobs/blake3/{digest[7:]}", b"wrong")
    target = written(tmp_path / "out", b"old")
    with pytest.raises(Corrupt):
        fetch_file(store, digest, target)
    assert target.read_bytes() == b"old"


def test_a_fetch_replaces_what_was_there(store: Store, tmp_path: Path):
    digest = put_bytes(store, b"new").digest
    target = written(tmp_path / "out", b"old")
    for _ in range(2):
        fetch_file(store, digest, target)
        assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["out"] or sorted(os.listdir(tmp_path)) == ["out", "store"]


@pytest.mark.parametrize("digest", ["", "blake3:", "blake3:" + "A" * 64, "blake3:../../" + "0" * 58, "0" * 64])
def test_what_is_not_a_digest_is_refused(store: Store, digest: str):
    with pytest.raises(SpecError, match="is not a digest"):
        read_blob(store, digest)


def test_what_is_not_a_file_is_refused(store: Store, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(written(tmp_path / "target", b""))
    for name in (".", "pipe", "absent"):
        with pytest.raises(SpecError, match=name):
            put_file(store, tmp_path / name, take=False)
    with pytest.raises(SpecError, match="symbolic link"):
        put_file(store, tmp_path / "link", take=True)
    assert (tmp_path / "target").exists()


def test_a_file_that_is_ours_is_renamed_and_sealed(folder: Store, tmp_path: Path):
    source = written(tmp_path / "in", b"data")
    inode = source.stat().st_ino
    path = blob_path(folder, put_file(folder, source, take=True).digest)
    assert path is not None
    assert path.stat().st_ino == inode
    assert path.stat().st_mode & 0o777 == 0o444


def test_every_blob_of_a_folder_is_sealed(folder: Store, tmp_path: Path):
    blobs = [put_bytes(folder, b"1"), put_file(folder, written(tmp_path / "2", b"2"), take=False)]
    paths = [blob_path(folder, blob.digest) for blob in blobs]
    assert [path and path.stat().st_mode & 0o777 for path in paths] == [0o444, 0o444]


def test_a_fetch_from_a_folder_is_a_link(folder: Store, tmp_path: Path):
    digest = put_bytes(folder, b"data").digest
    fetch_file(folder, digest, tmp_path / "out")
    path = blob_path(folder, digest)
    assert path is not None
    assert path.samefile(tmp_path / "out")


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_a_fetch_that_cannot_link_copies(folder: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int):
    digest = put_bytes(folder, b"data").digest

    def refuse(*_: object) -> None:
        raise OSError(code, "refused")

    monkeypatch.setattr(os, "link", refuse)
    fetch_file(folder, digest, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"data"


def test_a_file_of_another_file_system_is_copied(folder: Store, tmp_path: Path):
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    source = written(shared / f"moorage-{os.getpid()}-{tmp_path.name}", b"data")
    assert read_blob(folder, put_file(folder, source, take=True).digest) == b"data"
    assert not source.exists()


def test_a_file_with_another_name_is_copied_so_that_nobody_can_write_to_the_blob(folder: Store, tmp_path: Path):
    source = written(tmp_path / "in", b"data")
    os.link(source, tmp_path / "other")
    digest = put_file(folder, source, take=True).digest
    (tmp_path / "other").write_bytes(b"changed")
    assert read_blob(folder, digest) == b"data"
    assert not source.exists()


def test_an_input_handed_on_as_an_output_is_the_same_blob(folder: Store, tmp_path: Path):
    digest = put_bytes(folder, b"data").digest
    fetch_file(folder, digest, tmp_path / "input")
    assert put_file(folder, tmp_path / "input", take=True).digest == digest
    assert not (tmp_path / "input").exists()
    assert read_blob(folder, digest) == b"data"


def test_making_a_damaged_blob_again_heals_it(folder: Store, tmp_path: Path):
    for again in (
        lambda: put_bytes(folder, b"right"),
        lambda: put_file(folder, written(tmp_path / "1", b"right"), take=True),
        lambda: put_file(folder, written(tmp_path / "2", b"right"), take=False),
    ):
        folder.put(key_of(named(b"right")), b"wrong")
        again()
        assert read_blob(folder, named(b"right").digest) == b"right"


def test_only_a_folder_has_paths(store: Store):
    assert (blob_path(store, ABSENT) is None) == (store.root is None)


def test_a_small_blob_costs_one_call_and_a_large_one_that_is_there_one(bucket: str, tmp_path: Path):
    store = open_store(bucket)
    put_file(store, written(tmp_path / "small", b"x"), take=False)
    assert store.calls == {"put_if_absent": 1}
    put_file(store, written(tmp_path / "large", LARGE), take=False)
    assert store.calls == {"put_if_absent": 1, "head": 1, "put": 1}
    put_file(store, tmp_path / "large", take=False)
    assert store.calls == {"put_if_absent": 1, "head": 2, "put": 1}
