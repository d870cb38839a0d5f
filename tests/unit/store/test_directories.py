"""Directories as manifests: what goes in comes out, and nothing that would escape."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.errors import Corrupt, NotFound, SpecError
from moorage.store import Store, fetch_directory, open_store, put_bytes, put_directory, read_blob

GOOD = put_bytes(open_store("memory://digests"), b"data").digest
HOSTILE = ("", "/a", "..", "../a", "a/../../b", "a//b", "a/", "./a", "a/.", "a\0b", "a\\b", "..\\a", "\ud800", 1, None)


def make(root: Path, files: dict[str, bytes], empty: tuple[str, ...] = ()) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    for name in empty:
        (root / name).mkdir(parents=True)
    return root


def seen(root: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


def entry(path: Any, digest: Any = GOOD, size: Any = 4, executable: Any = False) -> dict[str, Any]:
    return {"path": path, "digest": digest, "size": size, "executable": executable}


def manifest(files: Any, folders: Any = ()) -> bytes:
    return json.dumps({"files": files, "folders": list(folders)}).encode()


@pytest.mark.parametrize("take", [True, False])
def test_a_directory_comes_back_as_it_was(store: Store, tmp_path: Path, take: bool):
    files = {"a.txt": b"a", "deep/er/b": b"b", "same": b"a", "ä ö/é": b"", "ä ö/É": b"1", "new\nline": b""}
    source = make(tmp_path / "in", files, ("empty", "deep/empty"))
    before = seen(source)
    blob = put_directory(store, source, take=take)
    assert blob.size == sum(map(len, files.values()))
    fetch_directory(store, blob.digest, tmp_path / "new" / "out")
    assert seen(tmp_path / "new" / "out") == before
    assert os.listdir(tmp_path / "new") == ["out"]
    assert seen(source) == ({name: data for name, data in before.items() if data is None} if take else before)


def test_the_same_content_is_the_same_digest(store: Store, tmp_path: Path):
    one = put_directory(store, make(tmp_path / "1", {"b": b"1", "a/c": b"2"}), take=False)
    two = put_directory(store, make(tmp_path / "2", {"a/c": b"2", "b": b"1"}), take=False)
    assert one == two


def test_a_program_stays_executable_and_its_blob_is_not_touched(store: Store, tmp_path: Path):
    source = make(tmp_path / "in", {"plain": b"#!", "run": b"#!"})
    (source / "run").chmod(0o755)
    fetch_directory(store, put_directory(store, source, take=False).digest, tmp_path / "out")
    assert os.access(tmp_path / "out" / "run", os.X_OK)
    assert (tmp_path / "out" / "plain").stat().st_mode & 0o111 == 0


def test_an_empty_directory_is_one(store: Store, tmp_path: Path):
    blob = put_directory(store, make(tmp_path / "in", {}, ("",)), take=False)
    (tmp_path / "out").mkdir()
    fetch_directory(store, blob.digest, tmp_path / "out")
    assert (blob.size, seen(tmp_path / "out")) == (0, {})


def test_what_is_no_plain_file_is_refused_by_name(store: Store, tmp_path: Path):
    makers = {
        "link": lambda path: path.symlink_to("/etc"),
        "loop": lambda path: path.symlink_to("."),
        "dangling": lambda path: path.symlink_to("nowhere"),
        "pipe": os.mkfifo,
        "back\\slash": lambda path: path.write_bytes(b""),
    }
    for number, (name, maker) in enumerate(makers.items()):
        source = make(tmp_path / str(number), {}, ("sub",))
        maker(source / "sub" / name)
        with pytest.raises(SpecError, match=name.replace("\\", ".*")):
            put_directory(store, source, take=True)


def test_a_name_that_is_not_utf_8_is_refused(store: Store, tmp_path: Path):
    source = make(tmp_path / "in", {}, ("",))
    with open(os.fsencode(source) + b"/\xff", "wb"):
        pass
    with pytest.raises(SpecError, match="is not UTF-8"):
        put_directory(store, source, take=False)


def test_only_a_folder_is_a_directory(store: Store, tmp_path: Path):
    make(tmp_path / "real", {"file": b""})
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("real/file", "absent", "link"):
        with pytest.raises(SpecError, match="is not a folder"):
            put_directory(store, tmp_path / name, take=False)


def test_what_is_there_is_not_overwritten(store: Store, tmp_path: Path):
    digest = put_directory(store, make(tmp_path / "in", {"a": b""}), take=False).digest
    make(tmp_path / "out", {"mine": b"1"})
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("out", "out/mine", "link"):
        with pytest.raises(SpecError, match="is there already"):
            fetch_directory(store, digest, tmp_path / name)
    assert seen(tmp_path / "out") == {"mine": b"1"}


def test_half_a_directory_is_never_there(store: Store, tmp_path: Path):
    source = make(tmp_path / "in", {"a": b"a", "b": b"b", "c": b"c"})
    digest = put_directory(store, source, take=False).digest
    lost = next(item for item in json.loads(read_blob(store, digest))["files"] if item["path"] == "b")
    store.delete(f"blobs/blake3/{lost['digest'][7:]}")
    with pytest.raises(NotFound):
        fetch_directory(store, digest, tmp_path / "to" / "out")
    assert os.listdir(tmp_path / "to") == []


@pytest.fixture
def place(tmp_path: Path) -> tuple[Store, Path]:
    store = open_store(tmp_path / "store")
    put_bytes(store, b"data")
    return store, tmp_path / "to" / "out"


@pytest.mark.parametrize("path", HOSTILE, ids=repr)
def test_a_path_that_would_escape_is_corrupt(place: tuple[Store, Path], path: Any):
    store, out = place
    for data in (manifest([entry(path)]), manifest([], [path])):
        with pytest.raises(Corrupt, match=" lead"):
            fetch_directory(store, put_bytes(store, data).digest, out)
    assert not out.parent.exists() or not os.listdir(out.parent)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b'{"files":1,"folders":[]}',
        b'{"files":[1],"folders":[]}',
        b'{"files":[[]]}',
        b"[" * 100_000,
        manifest([{"path": "a"}]),
        manifest([entry("a", digest="x")]),
        manifest([entry("a", digest=["x"])]),
        manifest([entry("a", size="4")]),
        manifest([entry("a", size=True)]),
        manifest([entry("a", executable=1)]),
        manifest([entry("a"), entry("a")]),
        manifest([entry("a")], ["a"]),
        manifest([entry("a"), entry("a/b")]),
        manifest([entry("a")], ["a/b/c"]),
        manifest([entry({})]),
        manifest([], [[]]),
    ],
)
def test_what_is_no_manifest_is_corrupt(place: tuple[Store, Path], data: bytes):
    store, out = place
    with pytest.raises(Corrupt):
        fetch_directory(store, put_bytes(store, data).digest, out)


PART = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=40).filter(
    lambda part: part not in (".", "..") and len(part.encode()) <= 200
)
TREE = st.dictionaries(st.lists(PART, min_size=1, max_size=4).map("/".join), st.binary(max_size=30), max_size=8)


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of this module."""
    return tmp_path_factory.mktemp("examples")


def through(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if not any(other.startswith(name + "/") for other in files)}


@given(files=TREE.map(through), take=st.booleans())
def test_any_tree_comes_back(own_folder: Path, files: dict[str, bytes], take: bool):
    with TemporaryDirectory(dir=own_folder) as folder:
        base = Path(folder)
        source = make(base / "in", files, () if files else ("",))
        before = seen(source)
        store = open_store(base / "store")
        fetch_directory(store, put_directory(store, source, take=take).digest, base / "out")
        assert seen(base / "out") == before


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*HOSTILE, "a", "b", "a/b", GOOD]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["path", "digest", "x"]), inner),
    max_leaves=5,
)
ENTRY = st.builds(entry, JUNK, JUNK | st.just(GOOD), JUNK | st.just(4), JUNK | st.booleans()) | JUNK


@given(files=st.lists(ENTRY, max_size=4) | JUNK, folders=st.lists(JUNK, max_size=3) | JUNK)
def test_any_manifest_is_a_directory_or_a_sentence(own_folder: Path, files: Any, folders: Any):
    store = open_store("memory://any-manifest")
    put_bytes(store, b"data")
    blob = put_bytes(store, json.dumps({"files": files, "folders": folders}).encode())
    with TemporaryDirectory(dir=own_folder) as folder:
        try:
            fetch_directory(store, blob.digest, Path(folder) / "out")
        except (Corrupt, NotFound):
            assert os.listdir(folder) == []
        else:
            assert os.listdir(folder) == ["out"]
