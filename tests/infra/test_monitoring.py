"""Alerts and dashboard: each says what it is of, asks in brackets that close, and nothing lies over another."""

from typing import Any

import pytest

from moorage_infra.kubernetes.alerts import prometheus_rule
from moorage_infra.kubernetes.dashboard import ROW_WIDTH, dashboard

GPU = "nvidia.com/gpu"
PAIRS = ("()", "[]", "{}")


def alerts() -> list[dict[str, Any]]:
    rule: Any = prometheus_rule("team")
    (group,) = rule["groups"]
    return list(group["rules"])


def panels(*gpus: str) -> list[dict[str, Any]]:
    shown: Any = dashboard("onprem", "team", gpus)
    return list(shown["panels"])


def queries() -> list[str]:
    return [each["expr"] for each in alerts()] + [panel["targets"][0]["expr"] for panel in panels(GPU)]


@pytest.mark.parametrize("query", queries())
def test_a_query_is_of_this_environment_alone_and_closes_its_brackets(query: str) -> None:
    assert '"team"' in query
    assert all(query.count(pair[0]) == query.count(pair[1]) for pair in PAIRS)
    assert query.count('"') % 2 == 0
    assert all(selector.count('"team"') == 1 for selector in query.split("{")[1:])


def test_every_alert_has_its_own_name_and_says_what_is_wrong() -> None:
    names = [each["alert"] for each in alerts()]
    assert len(set(names)) == len(names)
    assert all(each["annotations"]["summary"].endswith(".") for each in alerts())


@pytest.mark.parametrize("gpus", [(), (GPU,), (GPU, "amd.com/gpu")])
def test_no_panel_lies_over_another_or_over_the_edge(gpus: tuple[str, ...]) -> None:
    places = [panel["gridPos"] for panel in panels(*gpus)]
    cells = [(at["x"] + x, at["y"] + y) for at in places for x in range(at["w"]) for y in range(at["h"])]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < ROW_WIDTH
    assert len({panel["id"] for panel in panels(*gpus)}) == len(places)


def test_gpus_have_panels_where_there_are_some() -> None:
    titles = {panel["title"] for panel in panels(GPU)} - {panel["title"] for panel in panels()}
    assert titles == {f"{GPU} asked for", "GPUs at work, in percent"}
