"""`moorage plan` needs no network: neither the store nor the platform is asked for anything."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Call


def test_a_plan_for_a_cluster_asks_nobody(project: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # nobody listens there
    target = {"namespace": "ml", "cpu": 4, "memory_gib": 8, "context": "nowhere"}
    document = {"schema": 1, "name": "far", "platform": "kubernetes", "target": target, "store": "s3://away/store"}
    file = project / "far.json"
    file.write_text(json.dumps(document))
    assert call("env", "pull", "far", "--from", str(file)).code == 0
    spec = project / "pipeline.yaml"
    spec.write_text("name: wines\nsteps:\n  - {name: hello, command: [echo, hello]}\n")
    planned = call("plan", str(spec), "-e", "far", "--json")
    assert planned.code == 0, planned.err
    assert "default (the newest of that name when the run starts)" in planned.out
