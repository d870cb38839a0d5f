"""`moorage model`: versions and stages."""

import json

import pytest

from moorage.models import Candidate, register
from moorage.store import Store
from tests.unit.cli.conftest import Call

BLOB = f"blake3:{'0' * 64}"


@pytest.fixture
def versions(store: Store) -> None:
    for run in ("rone", "rtwo"):
        register(
            store,
            Candidate(
                name="wines", run=run, step="package", attempt=1, pipeline="wines", environment="local",
                bento=BLOB, bento_size=10, model=BLOB, metrics={"evaluate.scores.auc": 0.9912},
            ),
        )  # fmt: skip


def test_without_models_the_list_says_where_they_come_from(call: Call) -> None:
    ended = call("model", "list")
    assert (ended.code, ended.out) == (0, "")
    assert "`bento:` step" in ended.err
    assert json.loads(call("model", "list", "--json").out) == []


def test_a_model_is_listed_with_its_newest_version_and_stages(versions: None, call: Call) -> None:
    assert call("model", "promote", "wines@1", "production").code == 0
    [listed] = json.loads(call("model", "list", "--json").out)
    assert (listed["name"], listed["version"], listed["stages"]) == ("wines", 2, {"production": 1})
    line = call("model", "list").out.splitlines()[1]
    assert line.split()[:2] == ["wines", "2"]
    assert line.endswith("production 1")


def test_a_version_is_shown_in_full_and_beside_the_others(versions: None, call: Call) -> None:
    out = call("model", "show", "wines@1").out
    assert out.startswith("wines version 1\n")
    assert "evaluate.scores.auc  0.9912" in out
    assert [line.split()[0] for line in out.splitlines()[-2:]] == ["2", "1"]
    assert json.loads(call("model", "show", "wines", "--json").out)["version"]["version"] == 2


def test_promotion_moves_a_stage_and_rollback_moves_it_back(versions: None, call: Call) -> None:
    assert call("model", "promote", "wines@1", "staging").err == "wines: staging is version 1\n"
    assert call("model", "promote", "wines", "staging").err == "wines: staging is version 2\n"
    assert call("model", "rollback", "wines", "staging").err == "wines: staging is version 1 again\n"
    assert call("model", "rollback", "wines", "staging").code == 2


def test_a_rollback_of_a_version_is_refused(versions: None, call: Call) -> None:
    ended = call("model", "rollback", "wines@2", "staging")
    assert (ended.code, ended.err.splitlines()[1]) == (2, "  fix: moorage model rollback wines staging")


def test_a_misspelt_model_is_told_the_nearest(versions: None, call: Call) -> None:
    ended = call("model", "show", "wine")
    assert ended.code == 2
    assert "did you mean wines?" in ended.err
