"""What holds of stores that are reached over a network, which loses, repeats, refuses and lies."""

import json
import time
from pathlib import Path

import pytest
from moto.s3.models import s3_backends

from moorage.errors import AccessDenied, MoorageError, NotFound, PlatformError, SpecError, TargetError, Throttled
from moorage.store import Store, digest_of, fetch_file, open_store, put_file
from tests.unit.store.proxy import Call, Proxy

PLACES = ("s3", "gcs", "azure")


def conditional(call: Call) -> bool:
    return call.method == "PUT" and "if-none-match" in call.headers


def test_a_listing_has_more_pages_than_one(proxy: Proxy, bucket: str):
    name, _, prefix = bucket.removeprefix("s3://").partition("/")
    backend = s3_backends["123456789012"]["global"]  # the server's own memory: a thousand puts would take seconds
    for number in range(2005):
        backend.put_object(name, f"{prefix}/many/{number:05}", b"")
    keys = [entry.key for entry in open_store(bucket).list("many/")]
    assert keys == [f"many/{number:05}" for number in range(2005)]
    assert len(proxy.calls) == 3


def test_a_listing_may_be_left_early(proxy: Proxy, bucket: str):
    store = open_store(bucket)
    for number in range(3):
        store.put(f"a/{number}", b"")
    assert next(store.list("a/")).key == "a/0"


def test_pages_of_azure_are_followed(azure: str):
    store = open_store(azure)
    for number in range(230):
        store.put(f"n/{number:03}", b"")
    assert [entry.key for entry in store.list("n/")] == [f"n/{number:03}" for number in range(230)]


def test_a_large_file_goes_up_in_parts(proxy: Proxy, bucket: str, tmp_path: Path):
    (tmp_path / "large").write_bytes(bytes(20 << 20))
    store = open_store(bucket)
    blob = put_file(store, tmp_path / "large", take=False)
    parts = [call for call in proxy.calls if "partNumber" in call.path]
    assert len(parts) == 3
    assert "uploads" in next(call.path for call in proxy.calls if call.method == "POST")
    fetch_file(store, blob.digest, tmp_path / "back")
    assert digest_of(tmp_path / "back") == blob


def test_a_file_that_changes_while_it_goes_up_is_not_kept(proxy: Proxy, bucket: str, tmp_path: Path):
    (tmp_path / "large").write_bytes(bytes(9 << 20))

    def append(call: Call) -> None:
        if call.method == "POST" and "uploads" in call.path:
            with open(tmp_path / "large", "ab") as file:
                file.write(b"more")

    proxy.change = append
    store = open_store(bucket)
    with pytest.raises(SpecError, match="large changed"):
        put_file(store, tmp_path / "large", take=False)
    assert list(store.list("")) == []


def test_the_endpoint_of_s3_alone_comes_first(s3_server: str, bucket: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{s3_server}")
    open_store(bucket).put("a", b"")


def test_a_put_that_was_done_but_not_answered_is_ours(proxy: Proxy, bucket: str):
    lost: list[Call] = []

    def drops(call: Call) -> bool:
        if conditional(call) and not lost:
            lost.append(call)
            return True
        return False

    proxy.drops = drops
    store = open_store(bucket)
    assert store.put_if_absent("n/1", b"mine")
    assert len(lost) == 1
    assert store.get("n/1") == b"mine"
    assert not store.put_if_absent("n/1", b"theirs")


def test_a_put_that_lost_and_was_not_answered_is_not_ours(proxy: Proxy, bucket: str):
    store = open_store(bucket)
    store.put("n/1", b"theirs")
    proxy.drops = conditional
    assert not store.put_if_absent("n/1", b"mine")
    assert store.get("n/1") == b"theirs"


@pytest.mark.parametrize("status", [409, 500, 503])
def test_a_put_that_was_refused_for_now_is_tried_again(proxy: Proxy, bucket: str, status: int):
    answers = iter([status])
    proxy.answers = lambda call: next(answers, None) if conditional(call) else None
    store = open_store(bucket)
    assert store.put_if_absent("n/1", b"mine")
    assert store.get("n/1") == b"mine"


def test_a_conflict_that_does_not_end_is_said(proxy: Proxy, bucket: str):
    proxy.answers = lambda call: 409 if conditional(call) else None
    with pytest.raises(PlatformError, match=r"n/1.*refused"):
        open_store(bucket).put_if_absent("n/1", b"mine")


def test_a_good_store_is_probed_once_and_marked(store: Store):
    store.ensure()
    assert json.loads(store.get("moorage.json")) == {"schema": 1}
    assert [entry.key for entry in store.list("")] == ["moorage.json"]
    again = open_store(store.uri)
    again.ensure()
    assert again.calls == {"get": 1}


def test_a_store_that_ignores_the_condition_is_refused(proxy: Proxy, bucket: str):
    def ignore(call: Call) -> None:
        call.headers.pop("if-none-match", None)

    proxy.change = ignore
    store = open_store(bucket)
    with pytest.raises(TargetError, match=r"4 of 4 concurrent puts") as caught:
        store.ensure()
    assert bucket in str(caught.value)
    assert list(store.list("")) == []


def test_a_store_that_forgets_the_condition_after_a_while_is_refused(proxy: Proxy, bucket: str):
    seen: list[Call] = []

    def forget(call: Call) -> None:
        if conditional(call):
            seen.append(call)
            if len(seen) > 4:
                del call.headers["if-none-match"]

    proxy.change = forget
    with pytest.raises(TargetError, match="overwrote what was there"):
        open_store(bucket).ensure()


@pytest.mark.parametrize("marker", [b"", b"\xff", b"[]", b"{}", b'{"schema":"1"}', b'{"schema":true}'])
def test_a_marker_of_somebody_else_is_refused(store: Store, marker: bytes):
    store.put("moorage.json", marker)
    with pytest.raises(TargetError, match=r"is not moorage's own"):
        store.ensure()


def test_a_store_of_a_newer_moorage_is_refused(store: Store):
    store.put("moorage.json", b'{"schema":2}')
    with pytest.raises(TargetError, match=r"newer moorage.*schema 2(.|\n)*pip install"):
        store.ensure()


ANSWERS = {401: AccessDenied, 403: AccessDenied, 404: NotFound, 429: Throttled, 301: TargetError, 400: PlatformError}


@pytest.mark.parametrize("status", ANSWERS)
def test_what_the_service_answers_is_an_error_of_ours(proxy: Proxy, bucket: str, status: int):
    store = open_store(bucket)
    proxy.answers = lambda call: status
    with pytest.raises(ANSWERS[status]) as caught:
        store.get("a/key")
    sentence(caught.value, bucket, "a/key")
    assert caught.value.__cause__ is not None


def sentence(error: MoorageError, uri: str, key: str) -> None:
    text = str(error)
    assert f"{uri}/{key}" in text
    assert len(error.problems[0].message.splitlines()) == 1
    assert len(text) < 400
    assert error.problems[0].fix
    for word in ("Generic", "source", "retry", "test-secret", "Signature", "{"):
        assert word not in error.problems[0].message


@pytest.mark.parametrize("place", PLACES)
def test_a_dead_endpoint_is_a_sentence_and_soon(place: str, monkeypatch: pytest.MonkeyPatch):
    uri = {"s3": "s3://bucket", "gcs": "gs://bucket", "azure": "az://container"}[place]
    for name in ("AWS_ENDPOINT_URL", "GOOGLE_BASE_URL", "AZURE_STORAGE_ENDPOINT"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "test-secret")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "dGVzdC1zZWNyZXQ=")
    start = time.monotonic()
    with pytest.raises(PlatformError, match="nothing listens") as caught:
        open_store(uri).put("a", b"")
    sentence(caught.value, uri, "a")
    assert time.monotonic() - start < 20


def test_a_bucket_that_is_not_there_is_said_and_not_taken_for_an_empty_one(bucket: str):
    store = open_store("s3://no-such-bucket-here/x")
    for call in (lambda: store.find("a"), store.ensure, lambda: store.put("a", b""), lambda: list(store.list(""))):
        with pytest.raises(TargetError, match="no such bucket"):
            call()


@pytest.mark.parametrize("key", ["certificate", "NoSuchBucket", "redirect/SlowDown", "PermissionDenied/TimedOut"])
def test_a_key_is_never_taken_for_a_reason(bucket: str, key: str):
    assert open_store(bucket).find(key) is None
    with pytest.raises(NotFound, match=f"{key} is not there"):
        open_store(bucket).get(key)


@pytest.mark.parametrize("place", PLACES)
def test_credentials_that_are_not_there_are_said_with_what_to_do(
    place: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
):
    # Machines of each cloud have an address for credentials; here a proxy answers for it.
    uri, fix = {
        "s3": ("s3://bucket", "AWS_ACCESS_KEY_ID"),
        "gcs": ("gs://bucket", "gcloud auth"),
        "azure": ("az://container", "az login"),
    }[place]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    proxy.answers = lambda call: 403
    with pytest.raises(AccessDenied, match="no credentials") as caught:
        open_store(uri).get("a")
    assert fix in str(caught.value)
