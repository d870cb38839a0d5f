"""One browser for all tests here, and the pages that they look at."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from moorage.report import compare_page, run_page
from moorage.states import RunState
from moorage.store import open_store
from tests.browser.webdriver import Browser, missing
from tests.unit.report.conftest import NOW
from tests.unit.report.made import Told, chain, eventful, fan, ships, write_run

Pages = dict[str, str]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium of its own; skipped at home where there is none, never where CI is set."""
    if absent := missing():
        if os.environ.get("CI"):
            pytest.fail(absent, pytrace=False)
        pytest.skip(absent)
    with Browser.start(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Where the pages lie: of an eventful run, of wide and of long ones, and of two runs side by side."""
    folder = tmp_path_factory.mktemp("pages")
    store = open_store(folder / "store")
    write_run(store, "rbefore", {"clean": Told(profile=ships()), "ingest": Told()}, parameters={"seed": 1}, day=-1)
    write_run(store, "reventful", eventful(), RunState.FAILED, {"seed": 2})
    write_run(store, "rchain", chain(100, Told(log=["hello"])))
    write_run(store, "rfan", fan(100, Told(log=["hello"])))
    found = {run: run_page(store, run, NOW) for run in ("reventful", "rchain", "rfan")}
    found["compare"] = compare_page(store, "rbefore", "reventful", NOW)
    return {name: _written(folder / f"{name}.html", text) for name, text in found.items()}


def _written(path: Path, text: str) -> str:
    path.write_text(text)
    return path.as_uri()


@pytest.fixture
def page(browser: Browser, pages: Pages) -> Iterator[Browser]:
    """The eventful run's page, open in a window of usual size; afterwards the console must be silent."""
    browser.size(1280, 800)
    browser.scheme("light")
    browser.open(pages["reventful"])
    browser.script("localStorage.clear()")
    browser.logs()
    browser.open(pages["reventful"])
    yield browser
    assert browser.logs() == []
