"""Damaged bytes leave the store, and good ones stay, on every kind of store."""

from pathlib import Path

import pytest

from moorage.errors import Corrupt
from moorage.store import Store, fetch_file, has_blob, put_bytes, put_directory, read_manifest, remove_damaged
from moorage.store.blobs import key_of


@pytest.fixture
def pages(store: Store, tmp_path: Path) -> str:
    (tmp_path / "pages").mkdir()
    for name in ("one", "two"):
        (tmp_path / "pages" / name).write_text(name)
    return put_directory(store, tmp_path / "pages", take=False).digest


def test_a_blob_with_other_bytes_is_removed_and_can_be_put_again(store: Store, tmp_path: Path):
    blob = put_bytes(store, b"good")
    store.put(key_of(blob.digest), b"evil")
    with pytest.raises(Corrupt):
        fetch_file(store, blob.digest, tmp_path / "copy")
    remove_damaged(store, blob.digest)
    assert not has_blob(store, blob.digest)
    assert put_bytes(store, b"good") == blob
    fetch_file(store, blob.digest, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"good"


def test_a_good_blob_stays_and_one_that_is_not_there_is_no_matter(store: Store):
    blob = put_bytes(store, b"good")
    remove_damaged(store, blob.digest)
    assert has_blob(store, blob.digest)
    remove_damaged(store, "blake3:" + "0" * 64)


@pytest.mark.parametrize("gone", [False, True])
def test_a_directory_goes_with_any_of_its_files_and_the_others_stay(store: Store, pages: str, gone: bool):
    one, two = (item.digest for item in read_manifest(store, pages).files)
    if gone:
        store.delete(key_of(one))
    else:
        store.put(key_of(one), b"evil")
    remove_damaged(store, pages, is_directory=True)
    assert [has_blob(store, digest) for digest in (pages, one, two)] == [False, False, True]


def test_a_whole_directory_stays_and_a_manifest_with_other_bytes_goes(store: Store, pages: str):
    remove_damaged(store, pages, is_directory=True)
    files = [item.digest for item in read_manifest(store, pages).files]
    assert has_blob(store, pages)
    store.put(key_of(pages), b"{}")
    remove_damaged(store, pages, is_directory=True)
    assert [has_blob(store, digest) for digest in (pages, *files)] == [False, True, True]
