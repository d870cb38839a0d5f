"""What holds of objects in every kind of store."""

import time
from threading import Barrier, Thread

import pytest

from moorage.errors import NotFound, SpecError
from moorage.store import Store, open_store

KEYS = ("a-b/x", "a/x", "a/y/z", "a0", "b/.hidden", "b/it's(1)!+,=@:_.json")
HOSTILE = ("", "/a", "a/", "a//b", "..", "a/../b", "./a", "a/.", "a\0b", "a\\b", "a#1", "a%2e", "é", "a\nb", "a b")


def test_what_was_put_is_there(store: Store):
    store.put("a/b.json", b"one")
    assert store.get("a/b.json") == store.find("a/b.json") == b"one"


def test_a_second_put_replaces_the_first(store: Store):
    store.put("a", b"one")
    store.put("a", b"")
    assert store.get("a") == b""


def test_nothing_is_there_before_it_is_put(store: Store):
    store.put("a/b", b"")
    for key in ("a", "a/b/c", "x"):
        assert store.find(key) is None
        assert store.head(key) is None
        with pytest.raises(NotFound, match=key):
            store.get(key)


def test_only_the_first_put_if_absent_wins(store: Store):
    assert store.put_if_absent("n/1", b"first")
    assert not store.put_if_absent("n/1", b"second")
    assert store.get("n/1") == b"first"


def test_exactly_one_of_many_threads_wins_each_key(store: Store):
    start = Barrier(4)
    won: list[tuple[int, int]] = []

    def write(me: int) -> None:
        start.wait()
        won.extend((key, me) for key in range(5) if store.put_if_absent(f"n/{key}", b"%d" % me))

    writers = [Thread(target=write, args=(me,)) for me in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(key for key, _ in won) == list(range(5))
    assert {key: store.get(f"n/{key}") for key in range(5)} == {key: b"%d" % me for key, me in won}


def test_head_says_size_and_time(store: Store):
    store.put("a", b"1234")
    entry = store.head("a")
    assert entry is not None
    assert (entry.key, entry.size) == ("a", 4)
    assert abs(time.time() - entry.modified) < 60


def test_a_listing_is_whole_and_sorted_by_key(store: Store):
    for number, key in enumerate(KEYS):
        store.put(key, b"x" * number)
    assert [(entry.key, entry.size) for entry in store.list("")] == sorted(zip(KEYS, range(len(KEYS)), strict=True))
    assert [entry.key for entry in store.list("a/")] == ["a/x", "a/y/z"]
    assert list(store.list("nothing/")) == []


def test_folders_are_the_names_directly_below(store: Store):
    for key in KEYS:
        store.put(key, b"")
    assert store.folders("") == ["a", "a-b", "b"]
    assert store.folders("a/") == ["y"]
    assert store.folders("nothing/") == []


def test_names_are_those_of_the_objects_directly_below(store: Store):
    for key in KEYS:
        store.put(key, b"")
    assert store.names("a/") == ["x"]
    assert store.names("a/y/") == ["z"]
    assert store.names("nothing/") == []
    assert store.calls["list"] == 3


def test_what_is_deleted_is_gone(store: Store):
    store.put("a/b/c", b"")
    store.delete("a/b/c")
    store.delete("a/b/c")
    assert store.find("a/b/c") is None
    assert store.folders("") == []
    assert store.put_if_absent("a/b/c", b"")


@pytest.mark.parametrize("key", HOSTILE)
def test_a_key_that_some_platform_reads_differently_is_refused(store: Store, key: str):
    for call in (store.get, store.head, store.delete, lambda key: store.put(key, b"")):
        with pytest.raises(SpecError, match="cannot be a key"):
            call(key)
    assert not store.calls


def test_a_prefix_ends_with_a_slash(store: Store):
    with pytest.raises(SpecError, match="'runs/'"):
        store.list("runs")


def test_calls_are_counted_by_kind(store: Store):
    store.put_if_absent("a", b"")
    store.put("a", b"1")
    store.find("a")
    store.head("a")
    list(store.list(""))
    store.delete("a")
    assert store.calls == {"put_if_absent": 1, "put": 1, "get": 1, "head": 1, "list": 1, "delete": 1}


def test_the_uri_opens_the_same_store(store: Store):
    store.put("a", b"same")
    assert open_store(store.uri).get("a") == b"same"
