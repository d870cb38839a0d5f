"""A pod's life as a value: whatever its containers do, it goes the kubelet's way to its end."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.rigs.kubernetes.node import lifecycle
from tests.rigs.kubernetes.node.lifecycle import Kind, Pod, Running, Terminated

AT = "2026-01-01T00:00:00Z"
STEPS = 60
KINDS = st.sampled_from([None, "Always"])
SPECS = st.builds(
    lambda policy, first, apps: {
        "restartPolicy": policy,
        "initContainers": [
            {"name": f"init{i}", **({"restartPolicy": kind} if kind else {})} for i, kind in enumerate(first)
        ],
        "containers": [{"name": f"app{i}"} for i in range(apps)],
    },
    st.sampled_from(["Never", "OnFailure", "Always"]),
    st.lists(KINDS, max_size=3),
    st.integers(1, 3),
)
CODES = st.sampled_from([0, 0, 1, 137])


def ended(code: int) -> Terminated:
    return Terminated(code, "Completed" if code == 0 else "Error", AT, AT)


def live(pod: Pod, seen: Callable[[Pod, Pod], None], codes: st.DataObject) -> Pod:
    """Start what is due and end what runs, until the pod is over or long enough has been looked on."""
    for _ in range(STEPS):
        if lifecycle.over(pod):
            break
        before = pod
        for name in lifecycle.to_start(pod):
            pod = pod.runs(name, AT).probed(name, started=True, ready=True)
        seen(before, pod)
        running = [each for each in pod.containers if isinstance(each.state, Running)]
        sidecars_go = lifecycle.apps_over(pod)
        may_end = [each for each in running if each.kind is not Kind.SIDECAR or sidecars_go]
        if may_end:
            chosen = codes.draw(st.sampled_from([each.name for each in may_end]))
            pod = pod.ends(chosen, ended(codes.draw(CODES)))
    return pod


@given(SPECS, st.data())
def test_no_app_starts_before_every_init_container_has_succeeded(spec: dict[str, Any], codes: st.DataObject):
    def seen(before: Pod, now: Pod) -> None:
        if any(isinstance(each.state, Running) for each in now.of_kind(Kind.APP)):
            assert all(each.ended and each.ended.code == 0 for each in now.of_kind(Kind.INIT))
        assert sum(isinstance(each.state, Running) for each in now.of_kind(Kind.INIT)) <= 1

    live(Pod.of(spec), seen, codes)


@given(SPECS, st.data())
def test_a_pod_succeeds_only_where_all_its_apps_did(spec: dict[str, Any], codes: st.DataObject):
    pod = live(Pod.of(spec), lambda _before, _now: None, codes)
    if lifecycle.phase(pod) == "Succeeded":
        assert all(each.ended and each.ended.code == 0 for each in pod.of_kind(Kind.APP))
    if pod.policy == "Always" and pod.of_kind(Kind.APP):
        assert not lifecycle.over(pod) or lifecycle.phase(pod) == "Failed"


@given(SPECS, st.data())
def test_what_never_restarts_never_restarts(spec: dict[str, Any], codes: st.DataObject):
    pod = live(Pod.of({**spec, "restartPolicy": "Never"}), lambda _before, _now: None, codes)
    assert all(each.restarts == 0 for each in pod.containers if each.kind is not Kind.SIDECAR)
    assert lifecycle.over(pod)


@given(SPECS, st.data())
def test_a_pod_that_was_told_to_go_starts_nothing_and_ends(spec: dict[str, Any], codes: st.DataObject):
    pod = live(Pod.of(spec), lambda _before, _now: None, codes).stops()
    assert lifecycle.to_start(pod) == ()
    for each in pod.containers:
        if isinstance(each.state, Running):
            pod = pod.ends(each.name, ended(143))
    assert lifecycle.over(pod)
    assert lifecycle.phase(pod) in ("Succeeded", "Failed")


@given(SPECS, st.data())
def test_restarts_are_counted_and_the_last_end_is_kept(spec: dict[str, Any], codes: st.DataObject):
    def seen(before: Pod, now: Pod) -> None:
        for was, each in zip(before.containers, now.containers, strict=True):
            assert each.restarts - was.restarts in (0, 1)
            if each.restarts > was.restarts:
                assert each.last == was.ended

    live(Pod.of(spec), seen, codes)


def test_a_verdict_of_the_node_is_not_undone_by_an_exit_code():
    pod = Pod.of({"containers": [{"name": "app"}]}).runs("app", AT).fails("Evicted", "no memory").ends("app", ended(0))
    assert (lifecycle.phase(pod), pod.failure) == ("Failed", ("Evicted", "no memory"))


def test_a_container_that_waits_to_start_again_is_still_counted_as_ended():
    pod = Pod.of({"containers": [{"name": "app"}]}).runs("app", AT).ends("app", ended(1))
    pod = pod.waits("app", "CrashLoopBackOff")
    assert lifecycle.phase(pod) == "Running"
    assert pod.container("app").last == ended(1)
    assert pod.runs("app", AT).container("app").restarts == 1
