"""The process of one observer: reads what a run is and its events from stdin, complains in one line on stdout."""

import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from moorage.journal import EVENT, Event, RunRecord, fold
from moorage.observe.configured import ObserverName
from moorage.observe.watched import Watched


class Observer(Protocol):
    """Tells one other system how a run goes; an error of its own is for `main` to report."""

    def note(self, record: RunRecord, event: Event) -> None:
        """Take up an event, and the run as it stands after it."""

    def close(self) -> None:
        """Send what is left; nothing follows."""


class FirstError(logging.Handler):
    """Keeps the first error that a library logs, where it raises none."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message, if it is the first."""
        self.text = self.text or record.getMessage()


def observe(make: Callable[[Watched], Observer], lines: Iterable[bytes]) -> None:
    """Make an observer from the first line and hand it the events of the others, to the last one."""
    stream = iter(lines)
    watched = Watched.from_line(next(stream))
    observer, record = make(watched), watched.record
    try:
        for line in stream:
            event = EVENT.validate_json(line)
            record = fold(record, event)
            observer.note(record, event)
    finally:
        observer.close()


def main(name: ObserverName) -> int:
    """Run the observer of that name; returns the exit status."""
    os.nice(10)  # the steps come first, also while libraries load
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # What libraries print is nobody's: stdout is for the one line.
    os.dup2(2, 1)
    errors = FirstError()
    logging.basicConfig(handlers=[errors], level=logging.ERROR)
    try:
        observe(_MAKERS[name], sys.stdin.buffer)
    except ModuleNotFoundError as error:
        errors.text = f"it is configured, but {error.name} is not installed; pip install 'moorage[{name}]'"
    except Exception as error:  # noqa: BLE001 - whatever a library raises, it ends here, in one line
        errors.text = f"it gave up: {type(error).__name__}: {error}"
    answers.write(errors.text.partition("\n")[0])
    answers.close()
    return 1 if errors.text else 0


def _otel(watched: Watched) -> Observer:
    from moorage.observe.otel import Otel

    return Otel(watched)


def _openlineage(watched: Watched) -> Observer:
    from moorage.observe.lineage import Lineage

    return Lineage(watched)


def _mlflow(watched: Watched) -> Observer:
    from moorage.observe.tracking import Tracking

    return Tracking(watched)


_MAKERS: Mapping[ObserverName, Callable[[Watched], Observer]] = {
    ObserverName.OTEL: _otel,
    ObserverName.OPENLINEAGE: _openlineage,
    ObserverName.MLFLOW: _mlflow,
}


if __name__ == "__main__":
    raise SystemExit(main(ObserverName(sys.argv[1])))
