"""Who talks to the control plane of the rig: service accounts, kubectl, Python's own client, wrong clocks."""

import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client as official
from kubernetes import config, watch
from urllib3.exceptions import ReadTimeoutError

from tests.engine.tools import Tools
from tests.rigs.kubernetes.api import Refused
from tests.rigs.kubernetes.clock import COMPILER, skewed
from tests.rigs.kubernetes.faults import BROKEN, SILENT, Answer, Faults
from tests.rigs.kubernetes.plane import Plane

pytestmark = [pytest.mark.engine("Kubernetes"), pytest.mark.slow]

ROOT = Path(__file__).parents[2]
DAY_SECONDS = 86_400
PATIENCE_SECONDS, QUIET_SECONDS = 30.0, 1.0
ASKS_THE_TIME = """
import datetime, json, sys, time
from kubernetes import client, config

api = client.CoreV1Api(config.new_client_from_config(sys.argv[1]))
created = api.create_namespaced_config_map("default", {"metadata": {"generateName": "skew-"}}).metadata
seen = [datetime.datetime.now(datetime.UTC).timestamp(), time.time(), time.monotonic()]
print(json.dumps([created.creation_timestamp.timestamp(), *seen]))
"""


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def api(plane: Plane, faults: Faults) -> Iterator[official.CoreV1Api]:
    with config.new_client_from_config(str(plane.through(faults))) as reached:
        yield official.CoreV1Api(reached)


def test_a_service_account_is_who_its_token_says(plane: Plane, faults: Faults):
    user = plane.service_account("default", "runner")
    assert user == "system:serviceaccount:default:runner"
    for reached in (plane.client(user), plane.client(user, through=faults)):
        with pytest.raises(Refused, match=f'User "{user}" cannot list resource "pods"'):
            reached.get("/api/v1/pods")


def test_kubectl_passes_through_the_faults(engine: Tools, plane: Plane, faults: Faults):
    plane.service_account("default", "other")
    for user in ("admin", "system:serviceaccount:default:other"):
        command = [
            str(engine.kubectl),
            "auth",
            "whoami",
            "-o",
            "json",
            "--kubeconfig",
            str(plane.through(faults, user)),
        ]
        said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        assert said["status"]["userInfo"]["username"] == user
    assert faults.count("create", "selfsubjectreviews") == 2


def test_pythons_own_client_comes_again_when_it_is_throttled(api: official.CoreV1Api, faults: Faults):
    faults.inject(Answer(429, retry_after_seconds=0), "list", "configmaps", times=1)
    assert api.list_namespaced_config_map("default").items
    assert [each.action is None for each in faults.seen] == [False, True]


def test_pythons_own_client_is_told_the_servers_reason(api: official.CoreV1Api, faults: Faults):
    faults.inject(BROKEN, "list", "configmaps")
    with pytest.raises(official.ApiException, match="InternalError"):
        api.list_namespaced_config_map("default")


def test_pythons_own_watch_passes_and_goes_silent(api: official.CoreV1Api, faults: Faults):
    assert list(watch.Watch().stream(api.list_namespaced_config_map, "default", timeout_seconds=1))
    faults.inject(SILENT, "watch")
    patience = (PATIENCE_SECONDS, QUIET_SECONDS)  # to be reached, and then between two words
    with pytest.raises(ReadTimeoutError):
        list(watch.Watch().stream(api.list_namespaced_config_map, "default", _request_timeout=patience))


@pytest.mark.skipif(COMPILER is None, reason="a C compiler makes the clock wrong")
@pytest.mark.parametrize("seconds", [DAY_SECONDS, -DAY_SECONDS])
def test_a_client_whose_clock_is_wrong(plane: Plane, tmp_path: Path, seconds: int):
    command = [sys.executable, "-c", ASKS_THE_TIME, str(plane.kubeconfig)]
    environ = {**os.environ, **skewed(tmp_path, seconds)}
    told = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    created, *wall, monotonic = json.loads(told)
    now = dt.datetime.now(dt.UTC).timestamp()
    assert now - 60 <= created <= now + 1
    assert all(abs(each - now - seconds) < 60 for each in wall)
    assert abs(monotonic - time.monotonic()) < 60
