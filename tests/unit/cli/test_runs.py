"""Looking at runs: `runs`, `show`, `logs`, `why`."""

import json
from pathlib import Path

import pytest

from moorage.contracts.report import CheckResult
from moorage.journal import events
from moorage.states import ADVICE, Cause, RunState, State, StepState
from moorage.step.request import Artifact, StepResult, to_json
from tests.unit.cli.conftest import Call
from tests.unit.cli.past import START, Past, after, attempt

LOG = "runs/{run}/steps/{step}/{attempt}/log/{part:08d}.log"


def test_where_nothing_ran_yet_the_list_is_empty_and_says_how_to_begin(call: Call) -> None:
    ended = call("runs")
    assert (ended.code, ended.out) == (0, "")
    assert "`moorage run SPEC` makes one" in ended.err
    assert json.loads(call("runs", "--json").out) == []


def test_runs_are_listed_newest_first(call: Call, past: Past) -> None:
    past.succeeded("rone", day=0)
    past.failed("rtwo", Cause.USER, "ValueError: no")
    listed = json.loads(call("runs", "--json").out)
    assert [item["id"] for item in listed] == ["rtwo", "rone"]
    assert listed[1] == {
        "id": "rone",
        "pipeline": "wines",
        "environment": "local",
        "state": "succeeded",
        "started": "2026-11-21T06:30:00Z",
        "finished": "2026-11-21T06:30:04Z",
    }
    lines = call("runs").out.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "rtwo", "rone"]
    assert max(map(len, lines)) <= 80


def test_a_list_is_as_long_as_asked(call: Call, past: Past) -> None:
    for number in range(3):
        past.succeeded(f"r{number}", day=number)
    assert [item["id"] for item in json.loads(call("runs", "-n", "2", "--json").out)] == ["r2", "r1"]
    assert len(json.loads(call("runs", "--all", "--json").out)) == 3
    assert "no runs of beers" in call("runs", "--pipeline", "beers").err


@pytest.mark.parametrize("named", [(), ("last",), ("rtwo",), ("rt",)])
def test_a_run_is_named_by_its_id_the_start_of_it_or_last(named: tuple[str, ...], call: Call, past: Past) -> None:
    past.succeeded("rone")
    past.succeeded("rtwo", day=1)
    assert json.loads(call("show", *named, "--json").out)["id"] == "rtwo"


@pytest.mark.parametrize(("named", "seen"), [("r", "2 runs start with 'r'"), ("x", "no run starts with 'x'")])
def test_a_run_that_is_not_one_is_a_sentence(named: str, seen: str, call: Call, past: Past) -> None:
    past.succeeded("rone")
    past.succeeded("rtwo")
    ended = call("show", named)
    assert ended.code == 2
    assert ended.err.startswith(f"error: {seen}")
    assert "moorage runs" in ended.err


def test_a_run_that_went_well_shows_its_steps_and_metrics(call: Call, past: Past) -> None:
    past.succeeded("rone")
    lines = call("show").out.splitlines()
    assert lines[0] == "run rone  succeeded"
    assert "  train  succeeded  3.2 s" in lines
    assert "  train.scores  auc 0.9912  rows 200,000" in lines
    assert max(map(len, lines)) <= 80


def test_a_failure_is_shown_with_its_frames_its_advice_and_what_to_do_next(call: Call, past: Past) -> None:
    past.failed("rone", Cause.USER, "ValueError: no such column")
    result = StepResult(State.FAILED, cause=Cause.USER, detail="steps.py:12 in train\n  raise ValueError")
    past.store.put("runs/rone/steps/train/1/result.json", to_json(result))
    out = call("show").out
    advice = ADVICE[Cause.USER].sentence
    assert f"train failed (user): ValueError: no such column\n  {advice}\n  steps.py:12 in train\n    raise" in out
    assert "next  moorage logs rone train\n      moorage resume rone\n" in out
    assert "evaluate  skipped" in out


def test_a_failure_that_says_itself_what_to_do_is_shown_with_no_other_advice(call: Call, past: Past) -> None:
    past.failed("rone", Cause.PLATFORM, "you may not create jobs\n  fix: have the Role bound to you")
    out = call("show").out
    assert "train failed (platform): you may not create jobs\n    fix: have the Role bound to you\n\nnext" in out


def test_a_broken_contract_is_shown_with_counts_and_examples(call: Call, past: Past) -> None:
    broken = CheckResult("wines", "Wines", "ash", "greater than 0", 12, 178, ((3, "-1.0"), (9, "-2.5")))
    shape = CheckResult("wines", "Wines", None, "no other column", 1, 178, ((None, "colour"),))
    past.failed("rone", Cause.CONTRACT, "the contract Wines is broken", broken, shape)
    out = call("show").out
    assert "  ash: greater than 0, broken by 12 of 178 rows (row 3 is -1.0, row 9 is -2.5)\n" in out
    assert "  no other column: colour\n" in out


def test_a_gate_shows_each_of_its_limits(call: Call, past: Past) -> None:
    said = "a.b.auc is 0.9; >= 0.8 was required; a.b.loss is 0.1; <= 0.2 was required"
    judged = events.StepEnded(at=after(1), step="gate", state=StepState.SUCCEEDED, message=said)
    past.make("rone", *attempt("train"), judged, steps=("train", "gate"))
    out = call("show").out
    assert "  gate   a.b.auc is 0.9; >= 0.8 was required\n  gate   a.b.loss is 0.1; <= 0.2 was required\n" in out


def test_what_a_step_warns_of_and_sets_aside_is_shown(call: Call, past: Past) -> None:
    aside = Artifact("table", f"blake3:{'1' * 64}", 10, rows=12)
    *begun, finished = attempt("train")
    assert isinstance(finished, events.AttemptFinished)
    noted = finished.model_copy(update={"quarantined": {"wines": aside}, "warnings": ("3 processes were left",)})
    past.make("rone", *begun, noted)
    out = call("show").out
    assert "  train  12 rows of wines broke its contract and were set aside\n  train  3 processes were left\n" in out


def test_a_run_without_a_driver_is_stalled_and_says_how_to_go_on(call: Call, past: Past) -> None:
    past.make("rone", *attempt("train")[:3])
    ended = call("show")
    assert ended.out.splitlines()[0] == "run rone  stalled"
    assert "next  moorage resume rone\n" in ended.out
    assert json.loads(call("show", "--json").out)["state"] == RunState.STALLED


def test_logs_come_in_the_order_of_time_with_their_steps(call: Call, past: Past) -> None:
    past.make("rone", *attempt("train"), *attempt("test"), steps=("train", "test"))
    stamp = "2026-11-21T06:30:0{}.000000Z {}\n"
    past.store.put(LOG.format(run="rone", step="train", attempt=1, part=1), stamp.format(1, "one").encode())
    past.store.put(LOG.format(run="rone", step="test", attempt=1, part=1), stamp.format(2, "two").encode())
    past.store.put(LOG.format(run="rone", step="train", attempt=1, part=2), stamp.format(3, "three").encode())
    lines = [line.split()[1:] for line in call("logs").out.splitlines()]
    assert lines == [["train", "one"], ["test", "two"], ["train", "three"]]
    assert [line.split()[1:] for line in call("logs", "last", "test").out.splitlines()] == [["two"]]
    assert json.loads(call("logs", "rone", "test", "--json").out) == {
        "time": "2026-11-21T06:30:02.000000Z", "step": "test", "attempt": 1, "text": "two",
    }  # fmt: skip


def test_the_newest_attempt_is_the_one_whose_log_is_meant(call: Call, past: Past) -> None:
    lost = attempt("train", cause=Cause.LOST, message="gone")
    past.make("rone", *lost, *attempt("train", 2))
    for number in (1, 2):
        text = f"2026-11-21T06:30:00.000000Z attempt {number}\n".encode()
        past.store.put(LOG.format(run="rone", step="train", attempt=number, part=1), text)
    assert call("logs", "rone", "train").out.endswith("attempt 2\n")
    assert call("logs", "rone", "train", "--attempt", "1").out.endswith("attempt 1\n")
    assert call("logs", "rone", "train", "--attempt", "3").err.startswith("error: there was no attempt 3")


def test_following_a_run_that_has_ended_ends(call: Call, past: Past) -> None:
    past.succeeded("rone")
    ended = call("logs", "-f")
    assert (ended.code, ended.out) == (0, "")
    assert "nothing was written in run rone" in ended.err


def test_a_misspelt_step_is_told_the_nearest(call: Call, past: Past) -> None:
    past.succeeded("rone")
    ended = call("logs", "last", "trian")
    assert (ended.code, ended.err) == (2, "error: run rone has no step 'trian'\n  fix: did you mean 'train'?\n")


def test_why_names_the_part_that_changed(call: Call, past: Past) -> None:
    past.succeeded("rone", day=0)
    past.succeeded("rtwo", day=1, code="two")
    lines = call("why", "last", "train").out.splitlines()
    assert lines == ["train ran: 1 part of its key changed since run rone", "  code  one  ->  two"]
    told = json.loads(call("why", "rtwo", "train", "--json").out)
    assert told["changes"] == [{"part": "code", "before": "one", "now": "two"}]


def test_why_says_of_a_skipped_step_that_it_did_not_run(call: Call, past: Past) -> None:
    past.failed("rone", Cause.USER, "gone")
    assert call("why", "last", "evaluate").out == "evaluate has no key: it did not run; train failed\n"


def test_an_approval_that_waits_is_said_with_its_command(call: Call, past: Past) -> None:
    asked = events.ApprovalAsked(at=START, step="approve")
    past.make("rone", *attempt("train"), asked, steps=("train", "approve"))
    assert "moorage approve rone approve\n" in call("show").out


def test_an_approval_reaches_the_run(call: Call, past: Past, project: Path) -> None:
    past.make("rone", *attempt("train"), events.ApprovalAsked(at=START, step="approve"), steps=("train", "approve"))
    ended = call("approve", "last", "--by", "ann", "--comment", "good")
    assert ended.code == 0
    assert ended.err.splitlines() == [
        "approved: the approval of run rone",
        "nobody drives run rone; `moorage resume rone` goes on with it",
    ]
    [written] = (project / ".moorage/store/runs/rone/commands").iterdir()
    found = json.loads(written.read_text())
    assert (found["kind"], found["step"], found["by"], found["comment"]) == ("approve", "approve", "ann", "good")


def test_what_has_ended_cannot_be_cancelled(call: Call, past: Past) -> None:
    past.succeeded("rone")
    ended = call("cancel", "last")
    assert ended.code == 2
    assert "has succeeded" in ended.err
