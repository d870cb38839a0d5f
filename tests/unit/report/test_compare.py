"""Two runs side by side."""

import re
from pathlib import Path

from moorage.report import compare_page
from moorage.states import Cause, RunState
from moorage.store import Store
from tests.unit.report.conftest import NOW
from tests.unit.report.made import EVIL, Told, ships, write_run


def _rows(page: str, caption: str) -> list[list[str]]:
    [table] = [part for part in re.findall(r"<table.*?</table>", page, re.DOTALL) if f">{caption}</caption>" in part]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)[1:]
    return [[re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows]


def _two(store: Store) -> str:
    scores = Told(metrics={"auc": 0.8, "loss": 0.5})
    write_run(store, "rone", {"ingest": Told(profile=ships(2000)), "score": scores}, parameters={"seed": 1, "rows": 5})
    better = {
        "ingest": Told(profile=ships(3000)),
        "score": Told(metrics={"auc": 0.9, "loss": 0.5}),
        "extra": Told(cause=Cause.USER, message=EVIL),
    }
    write_run(store, "rtwo", better, RunState.FAILED, {"seed": 2, "rows": 5}, day=1)
    return compare_page(store, "rone", "rtwo", NOW)


def test_what_differs_is_put_side_by_side(store: Store) -> None:
    page = _two(store)
    assert _rows(page, "Parameters that differ") == [["seed", "1", "2"]]
    assert _rows(page, "Metrics of the two runs") == [
        ["score.scores.auc", "0.8", "0.9", "+0.1 (+12.5%)"],
        ["score.scores.loss", "0.5", "0.5", "same"],
    ]
    assert _rows(page, "Parts of the key of ingest that differ") == [["parameter seed", "1", "2"]]


def test_steps_are_matched_by_name(store: Store) -> None:
    rows = {row[0]: row[1:] for row in _rows(_two(store), "Steps of the two runs")}
    assert rows["score"] == ["succeeded", "succeeded", "0.7 s", "0.7 s", "same", "1 part changed"]
    assert rows["extra"][:2] == ["not there", "failed"]


def test_tables_are_compared_by_drift(store: Store) -> None:
    [[name, before, after, *_]] = _rows(_two(store), "Tables of the two runs")
    assert (name, before, after) == ("ingest.table", "2,000 rows", "3,000 rows")


def test_a_run_beside_itself_differs_in_nothing(store: Store) -> None:
    write_run(store, "rone", {"score": Told(metrics={"auc": 0.8})}, parameters={"seed": 1})
    page = compare_page(store, "rone", "rone", NOW)
    assert "All parameters are the same." in page
    assert "What changed" not in page
    assert [row[-1] for row in _rows(page, "Steps of the two runs")] == ["same"]


def test_runs_of_different_pipelines_and_nothing_in_common_are_compared(store: Store) -> None:
    write_run(store, "rone", {"a": Told(is_waiting=True)}, None)
    write_run(store, "rtwo", {"b": Told()})
    assert [row[0] for row in _rows(compare_page(store, "rone", "rtwo", NOW), "Steps of the two runs")] == ["a", "b"]


def test_what_users_wrote_is_never_run(store: Store, tmp_path: Path) -> None:
    write_run(store, "rone", {"a": Told()}, parameters={"note": EVIL})
    write_run(store, "rtwo", {"a": Told()}, parameters={"note": "x"})
    assert "<script>alert" not in compare_page(store, "rone", "rtwo", NOW)
