"""Every test of this folder takes `rig` and runs on every adapter; an excuse is a mark of one of three words.

    @pytest.mark.notimpl("vertex", raises=Unsupported, reason="...")    ours to do
    @pytest.mark.notyet("vertex", raises=..., reason="...")             theirs to do
    @pytest.mark.never("vertex", raises=..., reason="...")              the platform cannot

They are strict: an excuse that is no longer true fails.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.conformance.table import EXCUSES, PROPERTY
from tests.rigs.base import Rig
from tests.rigs.kubernetes.cluster import CLUSTER
from tests.rigs.kubernetes_platform import KubernetesRig
from tests.rigs.local import LocalForkRig, LocalRig

RIGS: Mapping[str, Callable[[Path], Rig]] = {
    "local": LocalRig,
    "local-fork": LocalForkRig,
    "kubernetes": KubernetesRig,
}
NEEDS = {"kubernetes": (pytest.mark.engine("Kubernetes", "JobSet", "Kueue"), pytest.mark.slow)}


@pytest.fixture(scope="session", autouse=True)
def clusters() -> Iterator[None]:
    """Whatever the rigs share is gone at the end."""
    yield
    CLUSTER.close()


@pytest.fixture(params=[pytest.param(name, marks=NEEDS.get(name, ())) for name in RIGS])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """An adapter on a platform that we control."""
    found = RIGS[request.param](tmp_path)
    yield found
    found.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Turn excuses into strict expected failures, and tell the table whose test it is."""
    for item in items:
        call = getattr(item, "callspec", None)  # only a test with parameters has one
        if call is not None and "rig" in call.params:
            _excuse(item, call.params["rig"].partition("-")[0])
            item.user_properties.append((PROPERTY, call.params["rig"]))


def _excuse(item: pytest.Item, platform: str) -> None:
    for word in EXCUSES:
        for mark in item.iter_markers(word):
            if mark.args == (platform,):
                reason = f"{word}: {mark.kwargs['reason']}"
                item.add_marker(pytest.mark.xfail(raises=mark.kwargs["raises"], reason=reason, strict=True))
