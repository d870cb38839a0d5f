"""The objects that a step becomes: legal at their limits, found page by page, and without a secret."""

import json

import pytest

from moorage.frozen import replaced
from moorage.plan.names import job_name
from moorage.ports import Owner
from moorage.spec.models import Resources
from moorage.states import State
from moorage.step.paths import attempt_folder, request_key
from moorage.step.request import request_from_json, to_json
from moorage_kubernetes import client
from moorage_kubernetes.lower import lower
from tests.rigs.base import Work
from tests.rigs.kubernetes_platform import KubernetesRig

pytestmark = [pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

COLLECTIONS = (
    ("/apis/batch/v1", "jobs"),
    ("/api/v1", "pods"),
    ("/api/v1", "events"),
    ("/apis/jobset.x-k8s.io/v1alpha2", "jobsets"),
)


@pytest.mark.parametrize("nodes", [1, 100])
def test_the_longest_names_and_strangest_owners_are_taken(rig: KubernetesRig, nodes: int) -> None:
    owner = Owner(environment="e" * 63, pipeline="Größe 1/2", run="r12345678ab", step="s" * 32, attempt=100)
    changed = {"name": job_name("r12345678ab", "s" * 32, 100), "owner": owner}
    job = rig.job(Work(resources=Resources(nodes=nodes))).model_copy(update=changed)
    assert list(rig.violations(lower(job, rig.target))) == []


def test_parameters_of_a_mebibyte_are_in_no_object(rig: KubernetesRig) -> None:
    request = rig.lower(Work())
    key = request_key(attempt_folder("r1", "hello", 1))
    asked = replaced(request_from_json(rig.store.get(key)), parameters={f"p{n}": "x" * 100_000 for n in range(11)})
    rig.store.put(key, to_json(asked))
    assert len(request.model_dump_json()) < 10_000
    assert rig.await_end(rig.submit(request, key="one")).state is State.SUCCEEDED


def test_no_object_but_the_secret_itself_has_its_value(rig: KubernetesRig) -> None:
    rig.keep_secret("loans/token", "hunter2")
    work = Work(("sh", "-c", "echo the token is $TOKEN; exit 1"), secrets={"TOKEN": "loans/token"})
    assert rig.run(work).state is State.FAILED
    for api, plural in COLLECTIONS:
        assert "hunter2" not in json.dumps(rig.admin.get(rig.path(api, plural)))


def test_what_is_owned_is_found_page_by_page(rig: KubernetesRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    handles = [rig.submit(rig.lower(Work(("sleep", "60"), step=f"s{n}")), key=f"{n}") for n in range(5)]
    assert sorted(rig.connection.owned(Owner(environment="suite", run="r1")), key=str) == sorted(handles, key=str)
    assert len(rig.connection.observe(handles)) == 5
