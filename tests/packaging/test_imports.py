"""What is loaded when: a job starts in milliseconds, and a command pays only for what it uses."""

import subprocess
import sys

import pytest

HEAVY = ("pydantic", "click", "yaml", "rich", "pandas", "polars", "pyarrow", "pandera", "numpy", "sklearn", "bentoml")
SDKS = ("boto3", "botocore", "google.cloud", "azure", "kubernetes", "libcloud", "pulumi")


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "moorage",
        "moorage.errors",
        "moorage.states",
        "moorage.store",
        "moorage.contracts.report",
        "moorage.step.request",
    ],
)
def test_what_a_job_starts_with_is_light(module: str):
    assert not loaded_by(f"import {module}") & set(HEAVY)


@pytest.mark.parametrize("module", ["moorage.spec.models", "moorage.ports", "moorage_local.adapter"])
def test_planning_loads_no_sdk_and_no_table_library(module: str):
    assert not loaded_by(f"import {module}") & {*SDKS, "pandas", "polars", "pyarrow", "pandera", "bentoml", "sklearn"}
