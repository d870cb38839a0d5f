"""The same store tests on a folder, in memory, on a real S3 protocol server, and on the protocols of GCS and Azure."""

import uuid
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from threading import Lock
from urllib.parse import unquote

import pytest

from moorage.store import Store, open_store
from tests.rigs.bucket import bucket_server
from tests.unit.store.azure import AzureHandler
from tests.unit.store.proxy import Call, Proxy, proxied, serving

_SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Host and port of a server that speaks S3."""
    with bucket_server() as server:
        yield server


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of a new and empty bucket, which the environment leads to."""
    name = f"b-{uuid.uuid4().hex}"
    connection = HTTPConnection(s3_server)
    connection.request("PUT", f"/{name}")
    assert connection.getresponse().status == 200
    connection.close()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{s3_server}")
    return f"s3://{name}/some/prefix"


@pytest.fixture
def proxy(s3_server: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy between the store and the S3 server."""
    with proxied(s3_server) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


@pytest.fixture
def gcs(proxy: Proxy, bucket: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of a bucket behind the XML API of GCS, whose condition the proxy translates for the S3 server."""

    def translate(call: Call) -> None:
        call.headers["authorization"] = _SIGNED
        path, mark, query = call.path.partition("?")
        call.path = unquote(path) + mark + query
        if call.headers.pop("x-goog-if-generation-match", None) == "0":
            call.headers["if-none-match"] = "*"

    proxy.change = translate
    monkeypatch.setenv("GOOGLE_BASE_URL", proxy.url)
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "token")
    return bucket.replace("s3://", "gs://")


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URI of an empty Azure container."""
    handler = type("Handler", (AzureHandler,), {"blobs": {}, "blocks": {}, "lock": Lock()})
    with serving(handler) as url:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", url)
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
        monkeypatch.setenv("AZURE_SKIP_SIGNATURE", "true")
        yield "az://container/some/prefix"


PLACES = ("folder", "memory", "s3", "gcs", "azure")


@pytest.fixture(params=PLACES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store, of each kind in turn."""
    match request.param:
        case "folder":
            return open_store(tmp_path / "store")
        case "memory":
            return open_store(f"memory://{uuid.uuid4().hex}")
        case "s3":
            return open_store(request.getfixturevalue("bucket"))
        case other:
            return open_store(request.getfixturevalue(other))
