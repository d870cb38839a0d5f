"""What platforms bring for operating stacks: ours by their place, others' by entry point, some nothing."""

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from moorage.errors import TargetError
from moorage.stacks import platforms


def test_ours_are_where_they_are_and_may_be_missing():
    assert getattr(platforms.operations("kubernetes"), "sdk", None) == "pulumi_kubernetes"
    assert platforms.operations("local") is None
    assert platforms.operations("nobody-has-this") is None


def test_a_third_partys_is_found_by_its_platform(monkeypatch: pytest.MonkeyPatch):
    theirs = EntryPoint("acme", "moorage_kubernetes.operate:operations", platforms.GROUP)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **asked: [theirs] if asked["name"] == "acme" else [])
    assert platforms.operations("acme") is not None
    assert platforms.operations("other") is None


@pytest.mark.parametrize(
    ("value", "said"),
    [("acme_cloud:nothing", "cannot be loaded"), ("acme_cloud:something", "is not what operates a platform")],
)
def test_a_third_partys_that_cannot_be_used_is_said(monkeypatch: pytest.MonkeyPatch, value: str, said: str):
    module = ModuleType("acme_cloud")
    module.something = object()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "acme_cloud", module)
    point = EntryPoint("acme", value, platforms.GROUP)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: [point])
    with pytest.raises(TargetError, match=said):
        platforms.operations("acme")
