"""`moorage show -f`: a run that another process drives, watched until it ends."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from moorage.cli import follow, logs
from moorage.journal import Journal, events, read_record
from moorage.runs.summary import write_summary
from moorage.states import Cause, RunState
from moorage.store import Store
from tests.unit.cli.conftest import Call
from tests.unit.cli.past import START, Past, after, attempt

WAIT_SECONDS = 30


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "PATIENCE_SECONDS", 0.0)


def test_a_run_that_has_ended_is_told_from_its_beginning_and_shown(call: Call, past: Past) -> None:
    past.failed("rone", Cause.USER, "ValueError: no")
    ended = call("show", "-f")
    told = [line.split()[1:3] for line in ended.err.splitlines()[1:]]
    assert told == [["train", "queued"], ["train", "running"], ["train", "failed"], ["evaluate", "skipped"]]
    assert ended.out.splitlines()[0] == "run rone  failed"


def test_what_happens_while_one_watches_is_told(call: Call, past: Past, store: Store) -> None:
    past.make("rone", events.DriverStarted(at=START, driver="d", host="here", pid=1), *attempt("train")[:3])
    journal = Journal.open(store, "rone", "d")
    write_summary(store, journal.record, datetime.now(UTC))

    def drive() -> None:
        journal.note(attempt("train")[3])
        journal.flush()
        journal.note(events.RunEnded(at=after(4), state=RunState.SUCCEEDED))
        journal.flush()

    driver = threading.Timer(0.3, drive)
    driver.start()
    ended = call("show", "rone", "-f")
    driver.join(WAIT_SECONDS)
    assert ended.err.splitlines()[-1].split()[1:] == ["train", "succeeded", "3.2", "s"]
    assert "run rone  succeeded" in ended.out


def test_a_run_that_was_resumed_is_followed_past_its_first_end(call: Call, past: Past) -> None:
    ended = events.RunEnded(at=after(4), state=RunState.FAILED)
    again = events.RunResumed(at=after(5), steps=("train",))
    lost = attempt("train", cause=Cause.LOST, message="gone")
    last = events.RunEnded(at=after(9), state=RunState.SUCCEEDED)
    past.make("rone", *lost, ended, again, *attempt("train", 2), last)
    assert "run rone  succeeded" in call("show", "rone", "-f").out


def test_a_run_that_nobody_drives_is_left_and_says_how_to_go_on(call: Call, past: Past) -> None:
    past.make("rone", *attempt("train")[:3])
    ended = call("show", "-f")
    assert "`moorage resume rone` goes on with it" in ended.err
    assert ended.out.splitlines()[0] == "run rone  stalled"


def test_the_exit_code_tells_how_a_run_ended_that_was_followed(call: Call, past: Past) -> None:
    past.failed("rone", Cause.USER, "ValueError: no")
    past.succeeded("rtwo")
    for command in ("show", "logs"):
        assert [call(command, run, "-f").code for run in ("rone", "rtwo")] == [1, 0]
        assert [call(command, run).code for run in ("rone", "rtwo")] == [0, 0]
    assert [call("logs", "rone", step, "-f").code for step in ("train", "evaluate")] == [1, 1]
    assert call("logs", "rtwo", "train", "-f").code == 0


def test_logs_of_a_run_whose_driver_was_killed_end_and_say_so(
    call: Call, past: Past, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "WORK_SECONDS", 0.0)
    past.make("rone", events.DriverStarted(at=START, driver="d", host="elsewhere", pid=1), *attempt("train")[:3])
    write_summary(store, read_record(store, "rone"), datetime.now(UTC) - timedelta(minutes=2))
    ended = call("logs", "rone", "-f")
    assert ended.code == 1
    assert ended.err.splitlines()[0] == "nobody drives run rone; `moorage resume rone` goes on with it"


def test_as_json_only_the_end_is_printed(call: Call, past: Past, project: Path) -> None:
    past.succeeded("rone")
    assert call("show", "-f", "--json").out.startswith("{")
