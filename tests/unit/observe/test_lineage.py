"""OpenLineage is told of a run and each attempt: what began, how it ended, and what was read and written."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde
from openlineage.client.transport import Config, Transport

from moorage.contracts.compiled import Check, Column, Contract, contract_to_json
from moorage.contracts.profile import ColumnProfile, Moments, Profile, profile_to_json
from moorage.contracts.report import CheckResult
from moorage.errors import PlatformError
from moorage.journal import events
from moorage.observe.lineage import Lineage
from moorage.observe.lineage.datasets import place_of
from moorage.observe.watched import Watched
from moorage.runs.steering import drive
from moorage.states import Cause, State
from moorage.step.request import Artifact, StepResult
from moorage.store import put_bytes
from tests.rigs.imaginary import Outcome
from tests.unit.observe.conftest import Listener, Scene, failing

SetScene = Callable[..., Scene]
Told = dict[str, Any]


class Kept(Transport):
    """Keeps events as the client would send them; `refuses` makes it fail."""

    kind = "kept"
    config_class = Config

    def __init__(self) -> None:
        self.events: list[Told] = []
        self.refuses = False

    def emit(self, event: object) -> None:
        """Keep one event, as it would be on the wire."""
        if self.refuses:
            raise ConnectionError("nobody listens")
        assert isinstance(event, RunEvent)
        self.events.append(json.loads(Serde.to_json(event)))

    def make(self, watched: Watched) -> Lineage:
        """Return an observer that sends here."""
        return Lineage(watched, OpenLineageClient(transport=self))

    def of(self, job: str) -> list[Told]:
        """Return the events of a job."""
        return [event for event in self.events if event["job"]["name"] == job]

    def types(self, job: str) -> list[str]:
        """Return the types of a job's events."""
        return [event["eventType"] for event in self.of(job)]


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_the_run_and_its_steps_begin_and_complete(scene: SetScene, kept: Kept):
    there = scene()
    there.drive(there.make({"name": "a"}, {"name": "b", "after": ["a"]}), kept.make)
    assert [kept.types(job) for job in ("acme", "acme.a", "acme.b")] == [["START", "COMPLETE"]] * 3
    assert {event["job"]["namespace"] for event in kept.events} == {"moorage/nowhere"}
    for event in kept.events:
        assert UUID(event["run"]["runId"]).version == 7
        assert datetime.fromisoformat(event["eventTime"]).tzinfo


def test_steps_are_below_their_run(scene: SetScene, kept: Kept):
    there = scene()
    there.drive(there.make({"name": "a"}), kept.make)
    run = kept.of("acme")[0]["run"]["runId"]
    parent = kept.of("acme.a")[1]["run"]["facets"]["parent"]
    assert (parent["run"]["runId"], parent["job"]["name"], parent["root"]["run"]["runId"]) == (run, "acme", run)


def test_each_attempt_is_a_run_of_its_own_with_why_it_failed(scene: SetScene, kept: Kept):
    there = scene({("a", 1): failing(Cause.USER, "no such column")})
    there.drive(there.make({"name": "a", "retries": 1}), kept.make)
    assert kept.types("acme.a") == ["START", "FAIL", "START", "COMPLETE"]
    ids = [event["run"]["runId"] for event in kept.of("acme.a")]
    assert (ids[0] == ids[1], ids[2] == ids[3], len(set(ids))) == (True, True, 2)
    error = kept.of("acme.a")[1]["run"]["facets"]["errorMessage"]
    assert (error["message"], error["stackTrace"]) == ("no such column", "line 1\nline 2")


def test_what_a_step_reads_is_what_another_wrote(scene: SetScene, kept: Kept):
    there = scene()
    artifact = there.artifact(rows=7)
    there.platform.script["a", 1] = Outcome(StepResult(State.SUCCEEDED, outputs={"out": artifact}))
    there.drive(
        there.make(
            {"name": "a", "outputs": {"out": {"kind": "file"}}}, {"name": "b", "inputs": {"found": "a.out"}}
        ),
        kept.make,
    )  # fmt: skip
    (written,) = kept.of("acme.a")[1]["outputs"]
    (read,) = kept.of("acme.b")[1]["inputs"]
    assert (
        (written["namespace"], written["name"]) == (read["namespace"], read["name"]) == (there.store.uri, "acme/a.out")
    )
    assert written["facets"]["version"]["datasetVersion"] == artifact.digest
    assert written["outputFacets"]["outputStatistics"]["rowCount"] == 7
    assert written["outputFacets"]["outputStatistics"]["size"] == artifact.size
    assert written["facets"]["symlinks"]["identifiers"][0]["name"] == artifact.digest.replace(
        "blake3:", "blobs/blake3/"
    )


def _table(there: Scene) -> Artifact:
    profile = Profile(10, (ColumnProfile("age", "number", nulls=1, moments=Moments(9, 40.0, 2.0, 18.0, 77.0)),))
    return there.artifact("table", rows=10, profile=put_bytes(there.store, profile_to_json(profile)).digest)


def test_contracts_and_profiles_are_facets_without_values_of_the_data(scene: SetScene, kept: Kept):
    there = scene()
    checks = (
        CheckResult("rows", "acme:Rows", "age", "ge(18)", failed=2, rows=10, examples=((3, "secret-value"),)),
        CheckResult("rows", "acme:Rows", "age", "not null", failed=0, rows=10),
    )
    result = StepResult(State.FAILED, Cause.CONTRACT, "2 rows break acme:Rows", checks=checks)
    there.platform.script["a", 1] = Outcome(result, ends=State.FAILED)
    there.platform.script["b", 1] = Outcome(StepResult(State.SUCCEEDED, outputs={"rows": _table(there)}))
    steps = [{"name": name, "outputs": {"rows": {"kind": "table"}}} for name in ("a", "b")]
    there.drive(there.make(*steps), kept.make)
    broken = kept.of("acme.a")[1]["outputs"][0]["facets"]["dataQualityAssertions"]["assertions"]
    assert [(item["column"], item["assertion"], item["success"]) for item in broken] == [
        ("age", "ge(18)", False),
        ("age", "not null", True),
    ]
    facets = kept.of("acme.b")[1]["outputs"][0]["facets"]
    assert facets["schema"]["fields"] == [{"name": "age", "type": "number", "ordinal_position": 1, "fields": []}]
    counted = facets["dataQualityMetrics"]["columnMetrics"]["age"]
    assert (counted["nullCount"], counted["min"], counted["max"], counted["sum"]) == (1, 18.0, 77.0, 360.0)
    assert "secret-value" not in json.dumps(kept.events)


def test_the_contract_names_the_columns_where_there_is_one(scene: SetScene, kept: Kept):
    there = scene()
    contract = Contract("Rows", "acme:Rows", (Column("age", "int64", checks=(Check.of("ge", 18),)),))
    digest = put_bytes(there.store, contract_to_json(contract)).digest
    there.platform.script["a", 1] = Outcome(StepResult(State.SUCCEEDED, outputs={"rows": _table(there)}))

    def with_contract(watched: Watched) -> Lineage:
        frozen = watched.resolved.model_copy(update={"contracts": {"acme.contracts:Rows": digest}})
        return kept.make(Watched(watched.record, frozen, watched.store_uri, watched.project))

    run = there.make({"name": "a", "outputs": {"rows": {"kind": "table"}}})
    spec = {"rows": {"kind": "table", "contract": "acme.contracts:Rows"}}

    def declared(watched: Watched) -> Lineage:
        pipeline = watched.resolved.pipeline.model_validate(
            {"name": "acme", "steps": [{"name": "a", "run": "acme.steps:work", "outputs": spec}]}
        )
        frozen = watched.resolved.model_copy(update={"pipeline": pipeline})
        return with_contract(Watched(watched.record, frozen, watched.store_uri, watched.project))

    there.drive(run, declared)
    (field,) = kept.of("acme.a")[1]["outputs"][0]["facets"]["schema"]["fields"]
    assert (field["name"], field["type"]) == ("age", "int64")


def test_a_cached_step_is_told_with_what_it_stands_for(scene: SetScene, kept: Kept):
    there = scene()
    artifact = there.artifact()
    there.platform.script["a", 1] = Outcome(StepResult(State.SUCCEEDED, outputs={"out": artifact}))
    step = {"name": "a", "outputs": {"out": {"kind": "file"}}}
    first = there.drive(there.make(step), kept.make)
    there.drive(there.make(step), kept.make)
    again = kept.of("acme.a")[3]
    tags = {tag["key"]: tag["value"] for tag in again["run"]["facets"]["tags"]["tags"]}
    assert (tags["moorage.state"], tags["moorage.cached_from"]) == ("cached", first.id)
    assert again["outputs"][0]["facets"]["version"]["datasetVersion"] == artifact.digest


def test_another_driver_continues_the_same_run_and_tells_nothing_twice(scene: SetScene, kept: Kept):
    there = scene()
    run = there.make({"name": "a"}, {"name": "b", "after": ["a"]})
    there.drive(run, kept.make, until=lambda event: isinstance(event, events.AttemptFinished))
    there.drive(run, kept.make)
    assert kept.types("acme") == ["START", "RUNNING", "COMPLETE"]
    assert len({event["run"]["runId"] for event in kept.of("acme")}) == 1
    assert [kept.types(job) for job in ("acme.a", "acme.b")] == [["START", "COMPLETE"]] * 2


def test_what_follows_a_run_that_had_ended_is_a_new_run_of_the_same_job(scene: SetScene, kept: Kept):
    there = scene({("b", 1): failing(Cause.USER)})
    run = there.make({"name": "a"}, {"name": "b", "after": ["a"], "retries": 0})
    there.drive(run, kept.make)
    there.resume(run, kept.make)
    assert kept.types("acme") == ["START", "FAIL", "START", "COMPLETE"]
    assert len({event["run"]["runId"] for event in kept.of("acme")}) == 2
    assert "it broke" in kept.of("acme")[1]["run"]["facets"]["errorMessage"]["message"]


def test_what_was_skipped_never_ran(scene: SetScene, kept: Kept):
    there = scene({("a", 1): failing(Cause.OUT_OF_MEMORY)})
    there.drive(there.make({"name": "a"}, {"name": "b", "after": ["a"]}), kept.make)
    assert kept.of("acme.b") == []


def test_what_is_not_taken_is_said_at_the_end(scene: SetScene, kept: Kept):
    there = scene()
    kept.refuses = True
    with pytest.raises(PlatformError, match="4 of 4 events were not taken: nobody listens"):
        there.drive(there.make({"name": "a"}), kept.make)


def test_things_from_outside_are_named_as_openlineage_names_them(tmp_path):
    assert place_of("s3://bucket/some/data.csv", tmp_path) == ("s3://bucket", "some/data.csv")
    assert place_of("data.csv", tmp_path) == ("file", str(tmp_path / "data.csv"))
    assert place_of("file:///data/a.csv", tmp_path) == ("file", "/data/a.csv")


def test_a_run_is_sent_to_a_server(scene: SetScene, listener: Listener, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENLINEAGE_URL", listener.url)
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "risk")
    there = scene()
    drive(there.place, there.make({"name": "a"}))
    told = [json.loads(data) for path, data in listener.posts if path == "/api/v1/lineage"]
    assert sorted((event["job"]["name"], event["eventType"]) for event in told) == [
        ("acme", "COMPLETE"),
        ("acme", "START"),
        ("acme.a", "COMPLETE"),
        ("acme.a", "START"),
    ]
    assert {event["job"]["namespace"] for event in told} == {"risk"}
    assert all(event["producer"].startswith("urn:moorage:") for event in told)
