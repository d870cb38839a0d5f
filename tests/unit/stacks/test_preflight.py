"""Checks by their names: told in order, left out by name, not asked where what they need has failed."""

import pytest

from moorage.errors import AccessDenied, SpecError, TargetError
from moorage.operations import Check, Finding
from moorage.stacks.preflight import Checked, asked, preflight


def fine() -> Finding:
    return Finding(True, "well")


def broken() -> Finding:
    raise AccessDenied("who are you?", fix="log in")


CHECKS = (Check("late", fine, needs="api"), Check("api", broken), Check("free", fine))


def test_each_is_told_in_order_and_what_needs_a_failed_one_is_not_asked():
    assert list(asked(CHECKS)) == [
        Checked("late", "skipped", "api failed"),
        Checked("api", "failed", "who are you?", "log in"),
        Checked("free", "ok", "well"),
    ]


def test_what_is_skipped_stands_in_nobodys_way():
    told: list[Checked] = []
    preflight(CHECKS, {"api"}, told.append)
    assert [(each.name, each.verdict) for each in told] == [("late", "ok"), ("api", "skipped"), ("free", "ok")]


def test_a_failure_ends_it_with_the_way_around():
    with pytest.raises(TargetError, match="'api' failed; nothing was changed") as refused:
        preflight(CHECKS, set(), lambda _: None)
    assert "--skip api" in str(refused.value.problems[0].fix)


def test_a_name_that_no_check_has_is_refused_before_any_is_asked():
    told: list[Checked] = []
    with pytest.raises(SpecError, match="no check is named 'gpu'") as refused:
        preflight(CHECKS, {"gpu"}, told.append)
    assert "late, api, free" in str(refused.value.problems[0].fix)
    assert told == []
