"""What a driver bears between itself and the cluster: refusals, broken lines, silence, and servers that go away."""

import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from moorage.errors import PlatformError
from moorage.ports import Handle, Owner
from moorage.states import State
from moorage_kubernetes import client, hints
from tests.kubernetes.waiting import begun
from tests.rigs.base import PATIENCE_SECONDS, Work
from tests.rigs.kubernetes.cluster import CLUSTER
from tests.rigs.kubernetes.faults import BROKEN, LOST_ANSWER, NEVER_ARRIVED, SILENT, THROTTLED, Action, Faults, Verb
from tests.rigs.kubernetes_platform import DRIVER, KubernetesRig

pytestmark = [pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow]

ACTIONS = {
    "throttled": THROTTLED,
    "broken": BROKEN,
    "never arrived": NEVER_ARRIVED,
    "lost answer": LOST_ANSWER,
}
CALLS: tuple[tuple[Verb, str], ...] = (
    ("get", "secrets"),
    ("create", "jobs"),
    ("list", "jobs"),
    ("list", "pods"),
    ("watch", "jobs"),
    ("watch", "pods"),
    ("get", "jobs"),
    ("patch", "jobs"),
    ("get", "pods/log"),
    ("delete", "jobs"),
)
SLEEPS = Work(("sleep", "600"))


@pytest.fixture
def faults(rig: KubernetesRig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """What goes wrong on the way of this driver, which is impatient with watches."""
    monkeypatch.setattr(client, "SILENCE_SECONDS", 1.0)
    faults, target = Faults(), rig.target
    through = str(CLUSTER.plane.through(faults, DRIVER))
    vars(rig)["target"] = target.model_copy(update={"kubeconfig": through})
    yield faults
    faults.clear()


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_a_job_has_its_whole_life_although_each_call_goes_wrong_once(
    rig: KubernetesRig, faults: Faults, action: Action
) -> None:
    rig.keep_secret("loans/token", "value")
    for verb, resource in CALLS:
        faults.inject(action, verb, resource, times=1)
    work = Work(secrets={"TOKEN": "loans/token"})
    handle = rig.submit(rig.lower(work), key="one")
    end(rig, handle, State.SUCCEEDED)
    assert rig.starts(work) == 1
    second = rig.submit(rig.lower(Work(SLEEPS.command, run="r2")), key="two")
    rig.connection.cancel(second)
    end(rig, second, State.CANCELLED)
    assert list(rig.connection.owned(Owner(environment="suite", run="r2"))) == [second]
    rig.connection.forget(second)
    rig.connection.forget(second)
    assert list(rig.connection.owned(Owner(environment="suite", run="r2"))) == []


def end(rig: KubernetesRig, handle: Handle, state: State) -> None:
    """Return when the job has ended so, as a driver sees it: what cannot be asked now is asked again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if rig.observe(handle).state is state:
                return
        except PlatformError:
            pass
        assert time.monotonic() < deadline
        rig.connection.wait([handle], 0.5)


def test_a_watch_that_goes_silent_is_noticed(rig: KubernetesRig, faults: Faults) -> None:
    faults.inject(SILENT, "watch")
    assert rig.run(Work()).state is State.SUCCEEDED  # of which no watch has told


def test_looking_again_and_again_asks_the_cluster_nothing(
    rig: KubernetesRig, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "SILENCE_SECONDS", 60.0)
    handles = [rig.submit(rig.lower(Work(SLEEPS.command, run="r1", step=f"s{n}")), key=f"{n}") for n in range(5)]
    for handle in handles:
        rig.await_state(handle, State.RUNNING)  # of a job that has no pod yet it is asked why
    asked = faults.count("list")
    look(rig, handles)
    assert (faults.count("list"), faults.count("list", "jobs"), faults.count("list", "pods")) == (asked, 1, 1)
    assert faults.count("get") == 0


def test_why_jobs_have_no_pod_is_asked_seldom_and_for_all_at_once(
    rig: KubernetesRig, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "ASK_SECONDS", 600.0)
    rig.limit("pods", "0")
    look(rig, [rig.submit(rig.lower(Work(step=f"s{n}")), key=f"{n}") for n in range(5)])
    assert faults.count("list", "events") == 1


def look(rig: KubernetesRig, handles: Sequence[Handle]) -> None:
    """Observe again and again."""
    for _ in range(50):
        assert len(rig.connection.observe(handles)) == len(handles)


def test_a_job_lives_through_a_restart_of_the_api_server(rig: KubernetesRig) -> None:
    handle = rig.submit(rig.lower(SLEEPS), key="one")
    begun(rig, SLEEPS)
    rig.await_state(handle, State.RUNNING)
    CLUSTER.plane.stop_api_server()
    restart = threading.Timer(1.0, CLUSTER.plane.restart_api_server)
    restart.start()
    second = rig.submit(rig.lower(Work(run="r2")), key="two")
    restart.join()
    end(rig, second, State.SUCCEEDED)
    end(rig, handle, State.RUNNING)
    assert rig.starts(Work(run="r2")) == 1


def test_a_job_is_submitted_although_etcd_is_away_for_a_while(rig: KubernetesRig) -> None:
    _ = rig.target
    CLUSTER.plane.stop_etcd()
    start = threading.Timer(2.0, CLUSTER.plane.start_etcd)
    start.start()
    handle = rig.submit(rig.lower(Work()), key="one")
    start.join()
    end(rig, handle, State.SUCCEEDED)
    assert rig.starts(Work()) == 1
