"""The mark `engine`: what a test needs of the real engine, and what becomes of it where that is not there.

`@pytest.mark.engine("Pulumi", "Kubernetes")` names parts; without any, all are meant. The fixture `engine` has the
paths. Where a part is missing, the test is skipped at home and fails where CI is set; the last lines of a session
say what was left out.
"""

import os
from collections import Counter
from collections.abc import Generator

import pytest

from tests.engine.recipe import PARTS
from tests.engine.tools import Tools, tools

LEFT_OUT = "left out"
TOOLS = pytest.StashKey[Tools]()


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Tools:
    """Where the real tools are; a test that asks for this and has no mark needs all of them."""
    return _tools(request.config)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let one worker run all tests of a module that need the engine: what the module starts, it starts once."""
    # As soon as it is collected: xdist looks at the marks before any other hook that could be asked to be first.
    if _parts(item):
        item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail before any fixture starts something that it could not finish."""
    parts = _parts(item)
    found = _tools(item.config) if parts else None
    if found is None or not (without := found.without(parts)):
        return
    reason = "; ".join(found.why(part) for part in without)
    if os.environ.get("CI"):
        pytest.fail(f"CI is set, and the engine is not whole: {reason}", pytrace=False)
    item.user_properties.append((LEFT_OUT, ", ".join(f"no {part}" for part in without)))
    pytest.skip(reason)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Say at the end, after pytest's own summary, what was left out and what would bring it."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    counts = Counter(str(why) for report in skipped for name, why in report.user_properties if name == LEFT_OUT)
    for why, count in sorted(counts.items()):
        some = "1 engine test" if count == 1 else f"{count} engine tests"
        terminalreporter.write_line(f"left out: {some}: {why} here; `make engine` builds what is missing")


def _parts(item: pytest.Item) -> tuple[str, ...]:
    marks = list(item.iter_markers("engine"))
    named = {part for mark in marks for part in mark.args or PARTS}
    if not marks and "engine" in getattr(item, "fixturenames", ()):
        named = set(PARTS)
    if unknown := named - set(PARTS):
        raise pytest.UsageError(f"{item.nodeid}: the engine has {', '.join(PARTS)}; not {', '.join(sorted(unknown))}")
    return tuple(part for part in PARTS if part in named)


def _tools(config: pytest.Config) -> Tools:
    if TOOLS not in config.stash:
        config.stash[TOOLS] = tools()
    return config.stash[TOOLS]
