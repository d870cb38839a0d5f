"""What holds of a folder among processes that race, die, fork, and lose power."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from moorage.errors import AccessDenied, SpecError, TargetError
from moorage.store import Store, open_store, put_bytes, put_directory, put_file

RACER = """
import sys
from moorage.store import open_store
store, me = open_store(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    if store.put_if_absent(f"n/{number}", me.encode() * 1000):
        print(number)
"""
WRITER = """
import sys
from moorage.store import open_store, put_bytes
store = open_store(sys.argv[1])
number = 0
while True:
    data = b"%08d" % number * 1000
    store.put(f"put/{number % 7}", data)
    store.put_if_absent(f"new/{number}", data)
    put_bytes(store, data)
    number += 1
    print(number, flush=True)
"""
CHURNER = """
import random, sys
from moorage.store import open_store
store, choose = open_store(sys.argv[1]), random.Random(sys.argv[2])
for _ in range(400):
    key = f"a/{choose.randrange(3)}/{choose.randrange(2)}/x"
    match choose.randrange(4):
        case 0: store.put(key, b"1" * 500)
        case 1: store.put_if_absent(key, b"1" * 500)
        case 2: store.delete(key)
        case 3:
            assert store.find(key) in (None, b"1" * 500)
            assert all(entry.size == 500 for entry in store.list("a/"))
            store.folders("a/")
"""
FIRST_USE = """
import os, sys
import moorage.store
print(sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[1].split())))
print(len(os.listdir("/proc/self/task")))
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


def started(code: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_exactly_one_of_two_processes_wins_each_key(store: Store):
    racers = [started(RACER, store.uri, me, 300) for me in "ab"]
    assert [racer.stdout and racer.stdout.readline() for racer in racers] == ["ready\n"] * 2
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [set(map(int, racer.communicate(timeout=60)[0].split())) for racer in racers]
    assert won[0] | won[1] == set(range(300))
    assert not won[0] & won[1]
    for me, numbers in zip("ab", won, strict=True):
        assert all(store.get(f"n/{number}") == me.encode() * 1000 for number in numbers)


def test_a_writer_that_is_killed_leaves_nothing_half_written(store: Store):
    for round_ in range(4):
        writer = started(WRITER, store.uri)
        assert writer.stdout
        for _ in range(20 + 7 * round_):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        writer.communicate(timeout=60)
    entries = list(store.list(""))
    assert len(entries) > 30
    for entry in entries:
        data = store.get(entry.key)
        assert len(data) == entry.size == 8000
        assert data == data[:8] * 1000


def test_folders_may_come_and_go_while_others_write(store: Store):
    churners = [started(CHURNER, store.uri, seed) for seed in (1, 2, 3)]
    for churner in churners:
        churner.communicate(timeout=60)
    assert [churner.returncode for churner in churners] == [0, 0, 0]


def test_the_work_folder_is_not_listed(store: Store):
    put_bytes(store, b"data")
    assert store.root is not None
    (store.root / "work" / "put" / "half").write_bytes(b"ha")
    assert [entry.key.partition("/")[0] for entry in store.list("")] == ["blobs"]
    assert store.folders("") == ["blobs"]
    assert store.put_if_absent("runs/work/a", b"")
    assert store.folders("runs/") == ["work"]


def test_nothing_is_left_in_the_work_folder(store: Store, tmp_path: Path):
    store.put("a", b"1")
    assert not store.put_if_absent("a", b"2")
    (tmp_path / "f").write_bytes(b"3")
    put_file(store, tmp_path / "f", take=False)
    with pytest.raises(SpecError, match="one name"):
        store.put("a/b", b"the object a is no folder")
    assert not [*(tmp_path / "store" / "work" / "put").iterdir()]


def test_a_store_may_be_used_on_both_sides_of_a_fork(store: Store):
    store.put("a", b"1")
    child = os.fork()
    if child == 0:
        os._exit(0 if store.get("a") == b"1" and store.put_if_absent("b", b"2") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.get("b") == b"2"


def test_importing_the_store_is_light_and_starts_no_thread():
    heavy = "pydantic click yaml rich pandas polars pyarrow obstore asyncio concurrent shutil subprocess"
    done = subprocess.run([sys.executable, "-c", FIRST_USE, heavy], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n1\n"


@pytest.mark.parametrize("way", ["put", "put_if_absent", "bytes", "take", "copy", "directory"])
def test_with_fsync_the_bytes_are_on_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str):
    monkeypatch.setenv("MOORAGE_FSYNC", "1")
    store = open_store(tmp_path / "store")
    source = tmp_path / "in"
    source.mkdir()
    (source / "f").write_bytes(b"data")
    seen: list[str] = []
    for name in ("fsync", "link", "rename"):
        monkeypatch.setattr(os, name, _noted(seen, name, getattr(os, name)))
    ways: dict[str, Callable[[], object]] = {
        "put": lambda: store.put("a", b"1"),
        "put_if_absent": lambda: store.put_if_absent("a", b"1"),
        "bytes": lambda: put_bytes(store, b"1"),
        "take": lambda: put_file(store, source / "f", take=True),
        "copy": lambda: put_file(store, source / "f", take=False),
        "directory": lambda: put_directory(store, source, take=True),
    }
    ways[way]()
    order = [name for number, name in enumerate(seen) if number == 0 or name != seen[number - 1]]
    move = "link" if way == "put_if_absent" else "rename"
    assert order == ["fsync", move, "fsync folder"] * (2 if way == "directory" else 1)


def _noted(seen: list[str], name: str, call: Callable[..., None]) -> Callable[..., None]:
    def note(*arguments: object) -> None:
        first = arguments[0]
        is_folder = isinstance(first, int) and os.path.isdir(f"/proc/self/fd/{first}")
        call(*arguments)
        seen.append(f"{name} folder" if is_folder else name)

    return note


def test_without_fsync_nothing_waits_for_the_disk(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "fsync", lambda file: pytest.fail("fsync was called"))
    store.put("a", b"1")


@pytest.mark.parametrize("call", ["open", "rename"])
def test_a_folder_without_permission_is_named(store: Store, monkeypatch: pytest.MonkeyPatch, call: str):
    def refuse(*_: object) -> None:  # root, who may run this test, may write anywhere
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(AccessDenied, match=r"store/a: Permission denied(.|\n)*MOORAGE_STORE"):
        store.put("a", b"")


def test_a_full_disk_is_a_sentence_and_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch):
    store.put("a", b"before")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(TargetError, match=r"No space left(.|\n)*fix: free space"):
        store.put("a", b"after")
    assert store.get("a") == b"before"
    assert store.root is not None
    assert not [*(store.root / "work" / "put").iterdir()]


def test_a_file_system_without_hard_links_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(TargetError, match="no hard links"):
        store.ensure()
