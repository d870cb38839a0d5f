"""`bare_jobs.py TARGET NUMBER`: make so many Jobs that start Python, one when the last one's pod has succeeded."""

import os
import sys
from pathlib import Path

from moorage.ports import JobName, Owner, StepJob
from moorage.spec.models import Resources
from moorage_kubernetes.client import JOB, POD, Api
from moorage_kubernetes.lower import lower
from moorage_kubernetes.names import JOB_NAME
from moorage_kubernetes.target import KubernetesTarget

NOTHING = ["python", "-c", "pass"]


def main(file: str, number: str) -> None:
    """Make them, with the pod that a step would have."""
    target = KubernetesTarget.model_validate_json(Path(file).read_bytes())
    api = Api(target)
    for _ in range(int(number)):
        _job(api, target)


def _job(api: Api, target: KubernetesTarget) -> None:
    name = JobName(f"bare-{os.urandom(6).hex()}")
    owner = Owner(environment="bench", pipeline="bench", run=name, step="bare", attempt=1)
    job = StepJob(
        name=name, owner=owner, image="python", request_uri="", resources=Resources(), timeout_seconds=600, secrets={}
    )
    body = lower(job, target).model_dump()["body"]
    body["spec"]["template"]["spec"]["containers"][0]["command"] = NOTHING
    api.create(JOB, body)
    labels = f"{JOB_NAME}={name}"
    pods, version = api.list(POD, labels)
    if not any(map(_succeeded, pods)):
        next(event for event in api.watch(POD, labels, version) if _succeeded(event["object"]))


def _succeeded(pod: object) -> bool:
    return isinstance(pod, dict) and pod.get("status", {}).get("phase") == "Succeeded"


if __name__ == "__main__":
    main(*sys.argv[1:])
