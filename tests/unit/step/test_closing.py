"""Who closes an attempt may die, and may meet its job, a restarted one or another closer, at each call to the store."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from moorage.frozen import replaced
from moorage.states import Cause, State
from moorage.step import paths
from moorage.step.claims import Hold, NotOurs, claim_attempt, my_claim, still_ours
from moorage.step.crew import claim_to_serve
from moorage.step.reading import close_attempt, read_result
from moorage.step.request import StepResult, to_json
from moorage.step.supervisor import put_result
from moorage.store import Entry, Store, open_store
from moorage.store.address import parse_address
from moorage.store.local import LocalObjects

FOLDER = paths.attempt_folder("r1", "train", 1)
SUCCESS = StepResult(State.SUCCEEDED)


class Halting(LocalObjects):
    """A folder that calls `then` before its call of that number, counted from 1."""

    def __init__(self, root: str, number: int, then: Callable[[], object]) -> None:
        super().__init__(root)
        self.left, self._then = number, then

    def get(self, key: str) -> bytes:
        self._count()
        return super().get(key)

    def create(self, key: str, data: bytes) -> bool:
        self._count()
        return super().create(key, data)

    def head(self, key: str) -> Entry | None:
        self._count()
        return super().head(key)

    def walk(self, prefix: str) -> Iterator[Entry]:
        self._count()
        yield from super().walk(prefix)

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            self._then()


class Died(Exception):
    """Who called the store is no more."""


def die() -> None:
    raise Died


def halting(store: Store, number: int, then: Callable[[], object]) -> Store:
    return Store(parse_address(str(store.root)), Halting(str(store.root), number, then))


def stores(folder: Path, calls: int) -> Iterator[tuple[int, Store]]:
    """Yield a store for each call of an act that makes so many at most, and one for its end."""
    return ((number, open_store(folder / str(number))) for number in range(1, calls + 2))


def close(store: Store, cause: Cause = Cause.LOST, message: str = "it vanished") -> StepResult:
    return close_attempt(store, "r1", "train", 1, cause, message)


def recorded(store: Store) -> StepResult | None:
    return read_result(store, "r1", "train", 1)


def claim(store: Store, pid: int = 2**22 + 1) -> Hold:
    """Claim the attempt for a process that is gone when the next one looks."""
    return claim_attempt(store, FOLDER, replaced(my_claim("mr-r1-train-1", {}), pid=pid, born="1"))


def try_to_claim(store: Store) -> Hold | None:
    try:
        return claim(store, pid=2**22 + 2)
    except NotOurs:
        return None


CALLS = 4
"""Of a close after a claim: list, get the newest, claim, put the result."""


def test_a_beat_asks_the_store_once_unless_another_may_put_a_result(tmp_path: Path):
    store = open_store(tmp_path)
    first = claim(store)
    for hold, calls in ((first, {"list": 1}), (Hold(first.claim, 1, rank=1), {"list": 1, "head": 1})):
        store.calls = Counter()
        assert still_ours(store, FOLDER, hold)
        assert store.calls == calls
    second = claim(store)
    assert second.number == 2
    store.calls = Counter()
    assert (still_ours(store, FOLDER, first), still_ours(store, FOLDER, second)) == (False, True)
    assert store.calls == {"list": 2, "head": 1}


@pytest.mark.parametrize("claims", [0, 1, 2])
def test_who_dies_while_closing_leaves_the_job_its_attempt_or_the_next_closer_the_same_words(
    tmp_path: Path, claims: int
):
    for number, store in stores(tmp_path, CALLS):
        holds = [claim(store) for _ in range(claims)]
        with suppress(Died):
            close(halting(store, number, die), Cause.TIMED_OUT, "it took too long")
        is_ours = bool(holds) and still_ours(store, FOLDER, holds[-1])
        assert not (is_ours and recorded(store))  # the next driver would read it, and let the job go on
        began = len(list(store.list(paths.claims_prefix(FOLDER)))) > claims
        assert is_ours == (bool(holds) and not began)
        result = close(store)
        assert result.message == ("it took too long" if began else "it vanished")
        assert recorded(store) == result == close(store, Cause.CANCELLED)
        assert not put_result(store, FOLDER, SUCCESS)
        assert not any(still_ours(store, FOLDER, hold) for hold in holds)
        assert try_to_claim(store) is None


def test_a_job_that_ends_while_its_attempt_is_closed_is_recorded_or_told_that_it_is_not(tmp_path: Path):
    outcomes = set[bool]()
    for number, store in stores(tmp_path, CALLS):
        claim(store)
        put: list[bool] = []
        result = close(halting(store, number, lambda: put.append(put_result(store, FOLDER, SUCCESS))))  # noqa: B023
        was_recorded = put[0] if put else put_result(store, FOLDER, SUCCESS)
        assert recorded(store) == result
        assert was_recorded == (result.state is State.SUCCEEDED)
        outcomes.add(was_recorded)
    assert outcomes == {True, False}


def test_a_job_that_ends_after_its_closer_died_is_recorded_by_the_next(tmp_path: Path):
    store = open_store(tmp_path)
    claim(store)
    with suppress(Died):
        close(halting(store, CALLS, die))
    assert put_result(store, FOLDER, SUCCESS)
    assert close(store) == SUCCESS == recorded(store)


def test_a_restarted_job_that_claims_while_the_attempt_is_closed_does_not_hold_it(tmp_path: Path):
    outcomes = set[bool]()
    for number, store in stores(tmp_path, CALLS):
        claim(store)
        holds: list[Hold | None] = []
        close(halting(store, number, lambda: holds.append(try_to_claim(store))))  # noqa: B023
        assert not any(hold and still_ours(store, FOLDER, hold) for hold in holds)
        assert try_to_claim(store) is None
        outcomes.update(hold is None for hold in holds)
    assert outcomes == {True, False}


@pytest.mark.parametrize("calls", [["put", "head"], ["put", "list", "get", "put", "head"]], ids=["first", "second"])
def test_an_attempt_that_is_closed_while_a_job_claims_it_is_not_held(tmp_path: Path, calls: list[str]):
    outcomes = set()
    for number, store in stores(tmp_path, len(calls)):
        if len(calls) > 2:
            claim(store)
        hold = try_to_claim(halting(store, number, lambda: close(store)))  # noqa: B023
        if number <= len(calls):
            assert recorded(store) == close(store)
            assert hold is None or not still_ours(store, FOLDER, hold)
        outcomes.add(hold is None)
    assert outcomes == {True, False}


def test_closers_that_meet_say_the_same(tmp_path: Path):
    for number, store in stores(tmp_path, CALLS):
        claim(store)
        second: list[StepResult] = []
        first = close(halting(store, number, lambda: second.append(close(store, Cause.CANCELLED, "no"))))  # noqa: B023
        assert recorded(store) == first
        assert second in ([], [first])


def test_an_attempt_that_one_began_to_close_is_not_claimed_and_not_served(tmp_path: Path):
    store = open_store(tmp_path)
    claim(store)
    with suppress(Died):
        close(halting(store, CALLS, die))
    assert recorded(store) is None
    with pytest.raises(NotOurs, match="is closed"):
        claim(store)
    with pytest.raises(NotOurs, match="is closed"):
        claim_to_serve(store, FOLDER, 1, within_seconds=60.0)


def test_a_result_of_an_earlier_job_or_of_the_first_node_ends_who_goes_on(tmp_path: Path):
    store = open_store(tmp_path)
    first, second = claim(store), claim(store)
    node = claim_to_serve(store, FOLDER, 1, within_seconds=60.0)
    assert (node.claim, node.number, node.rank) == (second.claim, 2, 1)
    assert not still_ours(store, FOLDER, first)
    assert still_ours(store, FOLDER, second)
    assert put_result(store, FOLDER, SUCCESS)  # by the first, which has not beaten since
    assert not still_ours(store, FOLDER, second)
    assert not still_ours(store, FOLDER, node)


def test_the_first_nodes_result_ends_a_node_that_serves_the_only_claim(tmp_path: Path):
    store = open_store(tmp_path)
    claim(store)
    node = claim_to_serve(store, FOLDER, 1, within_seconds=60.0)
    assert still_ours(store, FOLDER, node)
    assert put_result(store, FOLDER, SUCCESS)
    assert not still_ours(store, FOLDER, node)


def test_an_attempt_that_was_closed_by_its_result_alone_is_not_claimed(tmp_path: Path):
    store = open_store(tmp_path)
    store.put(paths.result_key(FOLDER), to_json(StepResult(State.FAILED, Cause.LOST)))
    assert try_to_claim(store) is None
    assert close(store, Cause.CANCELLED).cause is Cause.LOST


def test_an_attempt_whose_folder_was_removed_is_lost(tmp_path: Path):
    store = open_store(tmp_path)
    hold = claim(store)
    for entry in list(store.list(paths.claims_prefix(FOLDER))):
        store.delete(entry.key)
    assert not still_ours(store, FOLDER, hold)
