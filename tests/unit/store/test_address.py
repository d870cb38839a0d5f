"""What a store's place may be called, and what is said when it is not."""

import os
from pathlib import Path

import pytest

from moorage.errors import TargetError
from moorage.store import open_store


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")


@pytest.mark.parametrize(
    ("where", "uri"),
    [
        ("/a/b/../c/", "file:///a/c"),
        ("file:///a/b%20c", "file:///a/b%20c"),
        ("file://localhost/a", "file:///a"),
        ("/a/100% ä?#", "file:///a/100%25%20%C3%A4%3F%23"),
        (Path("/a/b"), "file:///a/b"),
        ("memory://name", "memory://name"),
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("gs://bucket/a", "gs://bucket/a"),
        ("az://container/a", "az://container/a"),
    ],
)
def test_a_place_has_one_uri_which_opens_it_again(where: str | Path, uri: str):
    assert open_store(where).uri == open_store(uri).uri == uri


def test_a_relative_path_means_the_same_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    store = open_store("some/store")
    store.put("a", b"1")
    monkeypatch.chdir("/")
    assert open_store(store.uri).get("a") == b"1"
    assert store.root == tmp_path / "some" / "store"


def test_a_tilde_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store("~/store").root == tmp_path / "store"


@pytest.mark.parametrize(
    "where",
    [
        "",
        "a\0b",
        "http://host/bucket",
        "s3:bucket",
        "s3:/bucket",
        "s3://",
        "s3://b",
        "s3:///prefix",
        "S3://bucket",
        "s3://bucket/a//b",
        "s3://bucket/../other",
        "s3://bucket/a b",
        "gs://bucket/a?x=1",
        "az://container/a#b",
        "memory://",
        "memory://a/b",
        "file://host/a",
        "file:a",
        "ftp://host",
    ],
)
def test_anything_else_is_refused_with_what_is_possible(where: str):
    with pytest.raises(TargetError) as caught:
        open_store(where)
    assert caught.value.problems[0].fix


@pytest.mark.parametrize("where", ["s3://KEY:hunter2@bucket/a", "az://container/a?sig=hunter2", "zz://u:hunter2@h/x"])
def test_a_secret_in_a_uri_is_refused_and_not_repeated(where: str):
    with pytest.raises(TargetError) as caught:
        open_store(where)
    assert "hunter2" not in str(caught.value)


def test_the_same_name_is_the_same_memory_and_another_is_not():
    open_store("memory://test-address").put("a", b"1")
    assert open_store("memory://test-address").get("a") == b"1"
    assert open_store("memory://test-address-2").find("a") is None


def test_opening_a_store_makes_nothing(tmp_path: Path):
    open_store(tmp_path / "store")
    assert os.listdir(tmp_path) == []


def test_an_azure_store_needs_an_account(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME")
    with pytest.raises(TargetError, match=r"no storage account(.|\n)*AZURE_STORAGE_ACCOUNT_NAME"):
        open_store("az://container/a")
