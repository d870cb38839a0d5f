"""Alerts and dashboard: queries are PromQL about metrics that there are, and Grafana's own model knows all the rest."""

import json
import re
from typing import Any

import promql_parser
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, VectorSelector

from moorage_infra.kubernetes.alerts import prometheus_rule
from moorage_infra.kubernetes.dashboard import ROW_WIDTH, UID_LENGTH, dashboard
from tests.infra.metrics import STORED
from tests.infra.stacks import NAMES, settings

GPU = "nvidia.com/gpu"
ENVIRONMENTS = {name: (settings(name).namespace, tuple(sorted(settings(name).gpus))) for name in NAMES}


def alerts(environment: str = "onprem") -> list[dict[str, Any]]:
    rule: Any = prometheus_rule(environment, ENVIRONMENTS[environment][0])
    (group,) = rule["groups"]
    return list(group["rules"])


def panels(*gpus: str) -> list[dict[str, Any]]:
    return list(shown("team", *gpus)["panels"])


def shown(namespace: str, *gpus: str) -> Any:
    return dashboard("onprem", namespace, gpus)


def queries(environment: str) -> list[str]:
    namespace, gpus = ENVIRONMENTS[environment]
    drawn: Any = dashboard(environment, namespace, gpus)["panels"]
    return [each["expr"] for each in alerts(environment)] + [panel["targets"][0]["expr"] for panel in drawn]


def parts(query: str) -> list[Expr]:
    found: list[Expr] = []
    promql_parser.walk(promql_parser.parse(query), found.append)
    return found


def selectors(query: str) -> list[VectorSelector]:
    return [part for part in parts(query) if isinstance(part, VectorSelector)]


def labels_of(result: Expr) -> set[str]:
    """Return the labels that a result has for sure."""
    if isinstance(result, BinaryExpr):
        return labels_of(result.lhs)
    if isinstance(result, Call):
        return {label for given in result.args for label in labels_of(given)} - {"le"}
    if isinstance(result, AggregateExpr):
        return set(result.modifier.labels) if result.modifier else set()
    return set()


@pytest.mark.parametrize(("environment", "query"), [(name, query) for name in NAMES for query in queries(name)])
def test_a_query_is_promql_about_metrics_and_labels_that_there_are(environment: str, query: str) -> None:
    known = {label for selector in selectors(query) for label in STORED[str(selector.name)]}
    assert all(match.name in STORED[str(of.name)] for of in selectors(query) for match in of.matchers.matchers)
    grouped = [part.modifier.labels for part in parts(query) if isinstance(part, AggregateExpr) and part.modifier]
    assert {label for labels in grouped for label in labels} <= known


@pytest.mark.parametrize(("environment", "query"), [(name, query) for name in NAMES for query in queries(name)])
def test_a_query_is_of_this_environment_alone(environment: str, query: str) -> None:
    here = ENVIRONMENTS[environment][0]
    said = [[match.name for match in of.matchers.matchers if match.value == here] for of in selectors(query)]
    assert all(names in (["namespace"], ["exported_namespace"], ["cluster_queue"]) for names in said)


@pytest.mark.parametrize("environment", NAMES)
def test_every_alert_has_its_own_name_a_duration_and_whom_it_is_for(environment: str) -> None:
    found = alerts(environment)
    assert len({each["alert"] for each in found}) == len(found)
    assert all(promql_parser.parse_duration(each["for"]) for each in found)
    assert {each["labels"]["namespace"] for each in found} == {ENVIRONMENTS[environment][0]}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_where_and_uses_only_labels_that_it_has(alert: dict[str, Any]) -> None:
    summary = alert["annotations"]["summary"]
    assert summary.endswith(".")
    assert "onprem" in summary
    templates = re.findall(r"{{ \$(value|labels\.(\w+))(?: \| (humanizePercentage|humanizeDuration))? }}", summary)
    assert len(templates) == summary.count("{{") == summary.count("}}") > 0
    assert {label for _, label, _ in templates if label} <= labels_of(promql_parser.parse(alert["expr"]))


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


@pytest.mark.parametrize("panel", panels(GPU), ids=lambda panel: str(panel["title"]))
def test_a_panels_legend_names_labels_that_its_lines_have(panel: dict[str, Any]) -> None:
    (target,) = panel["targets"]
    grouped = [
        part.modifier.labels for part in parts(target["expr"]) if isinstance(part, AggregateExpr) and part.modifier
    ]
    named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
    assert named == {label for labels in grouped for label in labels} - {"le"}


def test_grafanas_own_model_of_a_dashboard_knows_every_field() -> None:
    register_default_plugins()
    ours = shown("team", GPU)
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(ours)))
    assert within(ours, read)


def within(ours: Any, read: Any) -> bool:
    """Return whether all that was written was read; more may be there, which was left unsaid."""
    if isinstance(ours, dict):
        return all(key in read and within(value, read[key]) for key, value in ours.items())
    if isinstance(ours, list):
        return len(ours) == len(read) and all(within(*pair) for pair in zip(ours, read, strict=True))
    return bool(ours == read)


def test_the_identifier_of_a_dashboard_is_one_that_grafana_takes_and_no_other_namespaces() -> None:
    long = "a-namespace-as-long-as-one-may-be-called"
    uids = [shown(name)["uid"] for name in ("team", long, long[:-1] + "e")]
    assert len(set(uids)) == len(uids)
    assert uids[0] == "moorage-team"
    assert all(len(uid) <= UID_LENGTH and re.fullmatch(r"[A-Za-z0-9_-]+", uid) for uid in uids)
