"""The client of Kubernetes is loaded when a cluster is asked, and its absence is a sentence."""

import sys

import pytest

from moorage.errors import TargetError
from moorage_kubernetes.operate import operations
from tests.packaging.test_imports import loaded_by
from tests.unit.kubernetes_operate.stack import settings


def test_the_operations_load_no_sdk():
    assert "kubernetes" not in loaded_by("import moorage_kubernetes.operate")


def test_a_machine_without_the_client_is_told_what_brings_it(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.startswith(("kubernetes", "moorage_kubernetes.operate."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(TargetError, match="the client of Kubernetes is not installed") as refused:
        operations.checks(settings(), "dev")
    assert refused.value.problems[0].fix == "pip install 'moorage[kubernetes]'"
