"""A job in a bucket, and what becomes of a result while the store is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from moorage.errors import PlatformError
from moorage.states import Cause, State
from moorage.step.claims import Hold, my_claim
from moorage.step.courier import Courier
from moorage.step.paths import logs_prefix, result_key
from moorage.step.request import StepResult
from moorage.step.supervisor import put_result
from moorage.store import Store, open_store, put_bytes, read_blob
from moorage.store.address import parse_address
from moorage.store.local import LocalObjects
from tests.rigs.bucket import bucket_server
from tests.unit.step.jobs import Workplace, until


class Flaky(LocalObjects):
    """A folder that fails to answer the first few conditional puts."""

    failures = 0

    def create(self, key: str, data: bytes) -> bool:
        if self.failures:
            self.failures -= 1
            raise PlatformError("the store is away")
        return super().create(key, data)


def flaky(folder: Path, failures: int) -> Store:
    objects = Flaky(str(folder))
    objects.failures = failures
    return Store(parse_address(folder), objects)


def test_a_result_is_put_again_until_the_store_is_back(tmp_path: Path):
    store = flaky(tmp_path, failures=3)
    assert put_result(store, "runs/r/steps/s/1", StepResult(State.SUCCEEDED))
    assert not put_result(store, "runs/r/steps/s/1", StepResult(State.FAILED, Cause.USER))


def test_a_result_is_given_up_when_the_store_stays_away(tmp_path: Path):
    store = flaky(tmp_path, failures=1000)
    with pytest.raises(PlatformError):
        put_result(store, "runs/r/steps/s/1", StepResult(State.SUCCEEDED), within_seconds=0.3)
    assert store.head(result_key("runs/r/steps/s/1")) is None


def test_log_text_waits_for_the_store_to_come_back(tmp_path: Path):
    store = flaky(tmp_path, failures=1)
    courier = Courier(store, "f", Hold(my_claim("j", {}), 1), beat_seconds=60.0, wake=lambda: None)
    courier.start()
    courier.add(b"one\n")
    until(lambda: list(store.list(logs_prefix("f"))))
    courier.add(b"two\n")
    courier.close()
    assert [store.get(entry.key) for entry in store.list(logs_prefix("f"))] == [b"one\n", b"two\n"]


def test_log_parts_follow_those_of_an_earlier_job(tmp_path: Path):
    store = open_store(tmp_path)
    for text in (b"first\n", b"second\n"):
        courier = Courier(store, "f", Hold(my_claim("j", {}), 1), beat_seconds=60.0, wake=lambda: None)
        courier.start()
        courier.add(text)
        courier.close()
    assert [store.get(entry.key) for entry in store.list(logs_prefix("f"))] == [b"first\n", b"second\n"]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with bucket_server("steps") as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server}")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        yield "s3://steps/here"


def test_a_job_on_a_bucket_is_the_same_job(bucket: str, tmp_path: Path):
    place = Workplace(tmp_path)
    place.store = open_store(bucket)
    source = """
    def step(notes, folder):
        folder.mkdir()
        (folder / "a").write_text(notes.read_text())
        print("seen")
        return {"scores": {"a": 1}}
    """
    blob = put_bytes(place.store, b"hello")
    job = place.job(
        source,
        inputs={"notes": place.artifact("file", b"hello", "notes.txt")},
        outputs={"scores": "metrics", "folder": "directory"},
    )
    job.environ = {"MOORAGE_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)}
    result = job.run()
    assert result.message is None
    assert job.log() == "seen\n"
    assert read_blob(place.store, result.outputs["scores"].digest) == b'{"a":1}'
    assert result.outputs["folder"].size == blob.size
    assert list((tmp_path / "moorage").iterdir()) == []
