"""How results look: numbers, times, columns."""

import json
from datetime import UTC, datetime, timedelta, timezone

import click
import pytest

from moorage.cli import output
from moorage.states import RunState


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""), (0, "0 ms"), (0.04, "40 ms"), (0.4, "0.4 s"), (9.94, "9.9 s"), (9.96, "10 s"), (12.4, "12 s"),
        (119.4, "119 s"), (119.6, "2 min 00 s"), (185, "3 min 05 s"), (7800, "2 h 10 min"), (200000, "2 d 7 h"),
    ],
)  # fmt: skip
def test_a_time_span_is_as_long_as_it_needs_to_be(seconds: float | None, text: str) -> None:
    assert output.seconds(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.99123, "0.9912"), (143.0, "143"), (200000, "200,000"), (1e-9, "1e-09"), (float("nan"), "nan"), (-2.5, "-2.5")],
)
def test_a_number_is_as_long_as_it_needs_to_be(value: float, text: str) -> None:
    assert output.number(value) == text


def test_columns_are_aligned_whatever_their_colours(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("one", click.style("ok", fg="green"), "x"), ("eleven", "failed", "")]
    output.print_table(("name", "state", ""), rows, indent="  ")
    lines = click.unstyle(capsys.readouterr().out).splitlines()
    assert lines == ["  name    state", "  one     ok      x", "  eleven  failed"]


def test_a_terminal_gets_rows_that_fit_and_a_file_the_whole_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("train", "a" * 100, "b" * 30)]
    output.print_table(("", "", ""), rows)
    assert "a" * 100 in capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    output.print_table(("", "", ""), rows)
    line = capsys.readouterr().out.rstrip("\n")
    assert len(line) <= 80
    assert "…" in line
    assert "b" * 30 in line


def test_json_is_json_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
    output.print_json({"at": at, "state": RunState.FAILED, "nan": float("nan"), "name": "Gewürz"})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"at": "2026-11-21T06:30:00Z", "state": "failed", "nan": None, "name": "Gewürz"}


def test_a_moment_is_in_the_readers_zone() -> None:
    there = datetime(2026, 11, 21, 6, 30, tzinfo=timezone(timedelta(hours=5)))
    assert output.moment(there) == f"{there.astimezone():%Y-%m-%d %H:%M:%S}"
    assert output.moment(None) == ""
