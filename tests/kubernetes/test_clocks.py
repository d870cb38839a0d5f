"""A driver whose clock is an hour off, beside a cluster whose clock is right."""

import os
import subprocess
import sys

import pytest

from moorage.states import State
from tests.rigs.base import Work
from tests.rigs.kubernetes.clock import COMPILER, skewed
from tests.rigs.kubernetes_platform import KubernetesRig

pytestmark = [
    pytest.mark.engine("Kubernetes", "JobSet", "Kueue"),
    pytest.mark.slow,
    pytest.mark.skipif(COMPILER is None, reason="there is no C compiler to build the library that skews a clock with"),
]

PROGRAM = """
import json, sys
from moorage_kubernetes.connection import KubernetesConnection
from moorage_kubernetes.lower import KubernetesRequest
from moorage_kubernetes.target import KubernetesTarget

said = json.load(open(sys.argv[1]))
connection = KubernetesConnection(KubernetesTarget.model_validate(said["target"]))
handle = connection.submit(KubernetesRequest.model_validate(said["request"]), "one")
while not (seen := connection.observe([handle])[0]).state.is_terminal:
    connection.wait([handle], 10)
print(seen.state.value, end="")
"""


@pytest.mark.parametrize("seconds", [-3600, 3600], ids=["behind", "ahead"])
def test_a_job_has_its_life_whatever_its_driver_takes_the_time_to_be(rig: KubernetesRig, seconds: int) -> None:
    file = rig.say(rig.lower(Work()))
    environment = {**os.environ, **skewed(rig.folder, seconds)}
    driver = [sys.executable, "-c", PROGRAM, str(file)]
    ended = subprocess.run(driver, env=environment, capture_output=True, text=True, timeout=90, check=True)
    assert ended.stdout == State.SUCCEEDED.value
    assert rig.starts(Work()) == 1
