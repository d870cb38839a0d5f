"""A store that is asked again while it is away, for so long and no longer."""

import uuid

import pytest

from moorage.errors import AccessDenied, Throttled
from moorage.store import open_store
from moorage.store.failures import Unanswered
from moorage.store.objects import RemoteObjects
from moorage.store.patient import PatientObjects, patient
from moorage.store.remote import BucketObjects
from tests.rigs.faulty import Fault, Plan, faulty


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def away(plan: Plan, seconds: float = 60.0):
    """Return a store in memory, the same one over a faulty line with patience, the line, and its time."""
    store, time = open_store(f"memory://{uuid.uuid4().hex}"), Time()
    over, line = faulty(store, plan)
    return store, patient(over, seconds, time.sleep, time.clock), line, time


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.NEVER_ARRIVED, Fault.TIMED_OUT])
def test_every_call_is_made_again_until_it_is_answered(fault: Fault):
    plain, store, _, time = away(lambda number: fault if number % 3 else None)
    store.put("a/1", b"one")
    assert store.put_if_absent("a/2", b"two")
    assert not store.put_if_absent("a/2", b"other")
    assert store.get("a/2") == b"two"
    assert store.head("a/1").size == 3
    assert [entry.key for entry in store.list("a/")] == ["a/1", "a/2"]
    assert store.folders("") == ["a"]
    store.delete("a/1")
    assert plain.find("a/1") is None
    assert len(time.slept) >= 16


def test_pauses_grow_to_five_seconds_and_end_with_the_patience():
    _, store, _, time = away(lambda number: Fault.NEVER_ARRIVED, seconds=30)
    with pytest.raises(Unanswered):
        store.get("a")
    assert time.slept[:4] == [0.1, 0.2, 0.4, 0.8]
    assert max(time.slept) == 5.0
    assert 25 <= time.now <= 30


def test_what_does_not_pass_is_raised_at_once():
    _, store, line, time = away(lambda number: Fault.REFUSED)
    with pytest.raises(AccessDenied):
        store.put("a", b"")
    assert line.calls == 1
    assert time.slept == []


def test_a_listing_that_is_cut_off_goes_on_where_it_was():
    class Cut(BucketObjects):
        """A place whose listings break off after so many entries."""

        def __init__(self, inner: RemoteObjects, after: int) -> None:
            self.inner, self.left = inner, after

        def walk(self, prefix: str):
            for entry in self.inner.walk(prefix):
                if not self.left:
                    self.left = -1
                    raise Throttled("too many")
                self.left -= 1
                yield entry

    store, time = open_store(f"memory://{uuid.uuid4().hex}"), Time()
    for number in range(5):
        store.put(f"a/{number}", b"")
    assert store.remote is not None
    for after in range(6):
        objects = PatientObjects(Cut(store.remote, after), 60, time.sleep, time.clock)
        assert [entry.key for entry in objects.walk("a/")] == [f"a/{number}" for number in range(5)]


def test_a_folder_and_the_count_of_calls_are_the_same_ones(tmp_path):
    folder = open_store(tmp_path)
    assert patient(folder) is folder
    plain, store, _, _ = away(lambda number: None)
    store.put("a", b"")
    assert plain.calls == store.calls == {"put": 1}
