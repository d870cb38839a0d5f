"""The one place where a driver meets its observers."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from moorage.journal import Event, Journal, RunRecord
from moorage.observe.configured import configured
from moorage.plan.resolved import Resolved

Watch = Callable[[RunRecord, Event], None]
"""Called with each event and the run as it stands after it."""

FLUSH_SECONDS = 10.0
"""How long the end of a run waits for all observers together to send what they have."""


@contextmanager
def observed(journal: Journal, resolved: Resolved, store: str, project: Path, watch: Watch) -> Iterator[Watch]:
    """Yield `watch`, or one that also feeds the observers that the environment asks for.

    Nothing is loaded when it asks for none. What an observer has to complain of is one logged line at the end.
    """
    names = configured(os.environ, Path.cwd())
    if not names:
        yield watch
        return
    from moorage.observe.feed import Feed
    from moorage.observe.watched import Watched

    watched = Watched(journal.record, resolved, store, str(project))
    feeds = [Feed(name, watched, journal) for name in names]

    def tell_all(record: RunRecord, event: Event) -> None:
        watch(record, event)
        for feed in feeds:
            feed.note(event)

    try:
        yield tell_all
    finally:
        for feed in feeds:
            feed.end()
        deadline = time.monotonic() + FLUSH_SECONDS
        _warn([trouble for feed in feeds if (trouble := feed.close(deadline))])


def _warn(troubles: list[str]) -> None:
    import logging  # here, because a run that nobody observes needs none

    for trouble in troubles:
        logging.getLogger("moorage").warning("warning: %s (the run itself is not affected)", trouble)
