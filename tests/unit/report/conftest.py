"""A store with runs that were never really run, and what pages tell of them."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from moorage.report import run_page
from moorage.states import RunState
from moorage.store import Store, open_store
from tests.unit.report.made import START, Told, eventful, ships, write_run

NOW = START + timedelta(hours=1)

Page = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def page(store: Store) -> Page:
    def page(steps: Mapping[str, Told], state: RunState | None = RunState.SUCCEEDED, run: str = "rone") -> str:
        write_run(store, run, steps, state, {"seed": 2})
        return run_page(store, run, NOW)

    return page


@pytest.fixture
def told(store: Store) -> str:
    """Return the page of the run to which everything happens, with one run before and one after it."""
    write_run(store, "rbefore", {"clean": Told(profile=ships()), "ingest": Told()}, parameters={"seed": 2}, day=-1)
    write_run(store, "reventful", eventful(), RunState.FAILED, {"seed": 2})
    write_run(store, "rlater", {"ingest": Told(cached_from="reventful")}, parameters={"seed": 2}, day=1)
    return run_page(store, "reventful", NOW)
