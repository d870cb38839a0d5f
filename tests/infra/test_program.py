"""Pulumi's program, without an engine: what it exports, what it loads, how it refuses."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest

from moorage.environments import Environment, save_environment, target_of
from moorage_infra.program import environment
from moorage_infra.targets import kubernetes_target
from tests.infra.mocks import registered
from tests.infra.stacks import NAMES, ROOT, said, settings

HERE = {"platform": "local", "store": "s", "cpu": 2, "memory_gib": 4}


def exported(stack: str, said: object) -> Any:
    def program() -> pulumi.Output[Any]:
        pulumi.runtime.set_config("moorage:environment", json.dumps(said))
        return environment(ROOT)

    return registered(stack, program, preview=False)[0]


@pytest.mark.parametrize("stack", NAMES)
def test_a_stack_exports_the_document_that_moorage_keeps(stack: str, tmp_path: Path) -> None:
    kept = save_environment(exported(stack, said(stack)), tmp_path)
    assert target_of(kept) == kubernetes_target(settings(stack))
    assert (kept.name, kept.platform, kept.store) == (stack, "kubernetes", settings(stack).store.uri)
    assert (kept.labels, kept.registry) == (settings(stack).labels, settings(stack).registry)


def test_an_environment_of_this_machine_is_a_document_and_nothing_else() -> None:
    found = Environment.model_validate(exported("team", HERE))
    assert (found.platform, found.store) == ("local", str(ROOT / "s"))


def test_a_mistake_ends_the_program_in_words() -> None:
    with pytest.raises(
        pulumi.RunError, match=r"`moorage:environment\.quota\.pods` is 'x'\n  fix: write a whole number"
    ):
        exported("onprem", {**said("onprem"), "quota": {**said("onprem")["quota"], "pods": "x"}})


def loaded(stack: str) -> set[str]:
    code = (
        "import json, sys; from tests.infra.test_program import HERE, exported, said\n"
        f"exported({stack!r} + '-x', HERE if {stack!r} == 'local' else said({stack!r}))\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(("stack", "loads"), [("local", set()), ("onprem", {"pulumi_kubernetes"})])
def test_only_the_sdk_of_the_named_platform_is_loaded(stack: str, loads: set[str]) -> None:
    assert {"pulumi_kubernetes", "kubernetes", "boto3", "google.cloud"} & loaded(stack) == loads


def test_no_class_of_the_sdk_is_loaded_but_the_provider() -> None:
    assert not {each for each in loaded("onprem-prod") if re.fullmatch(r"pulumi_kubernetes\.\w+\.v\w+", each)}
