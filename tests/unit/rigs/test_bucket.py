"""The bucket of the rigs holds what a store needs: of writers that race, one wins."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest

from moorage.store import open_store
from tests.rigs.bucket import bucket_server

ROUNDS, WRITERS = 25, 4


def test_it_has_the_buckets_that_were_asked_for_and_of_puts_that_race_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    with bucket_server("one", "two") as server, ThreadPoolExecutor(WRITERS) as pool:
        assert [_head(server, name) for name in ("one", "two", "three")] == [200, 200, 404]
        said = {"AWS_ENDPOINT_URL": f"http://{server}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        for name, value in {**said, "AWS_DEFAULT_REGION": "us-east-1", "NO_PROXY": "127.0.0.1"}.items():
            monkeypatch.setenv(name, value)
        store = open_store("s3://one/prefix")
        for number in range(ROUNDS):
            put = [pool.submit(store.put_if_absent, str(number), b"%d" % who) for who in range(WRITERS)]
            assert sum(each.result() for each in put) == 1


def _head(server: str, bucket: str) -> int:
    connection = HTTPConnection(server)
    connection.request("HEAD", f"/{bucket}")
    status = connection.getresponse().status
    connection.close()
    return status
