"""What all tests share: hypothesis profiles, an environment of their own, order, and no process left behind."""

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.engine.recipe import VARIABLES
from tests.leftovers import MARK, left_processes

pytest_plugins = ("tests.engine.marks",)

SOAK = os.environ.get("MOORAGE_SOAK") == "1"
PATIENCE_SECONDS = 10.0
"""What processes that end with their driver may take to do so."""

OTHERS = ("MOORAGE_", "BENTOML_", "AWS_", "OTEL_", "OPENLINEAGE_", "MLFLOW_")
KEPT = ("MOORAGE_SOAK", "MOORAGE_VENDOR_SCHEMAS", "MOORAGE_FSYNC", *VARIABLES)
TIERS = ("unit", "conformance", "fuzz", "engine", "packaging", "faults")

settings.register_profile("quick", derandomize=True, deadline=None, max_examples=40, database=None)
settings.register_profile(
    "soak", deadline=None, max_examples=10_000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("soak" if SOAK else "quick")


def pytest_configure() -> None:
    """Take away what a developer's own shell would change, before any test module is imported."""
    for name in list(os.environ):
        if name.startswith(OTHERS) and name not in KEPT:
            del os.environ[name]
    os.environ.update(
        BENTOML_DO_NOT_TRACK="True",
        DO_NOT_TRACK="1",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
        COLUMNS="80",
        NO_COLOR="1",
    )
    os.environ[MARK] = uuid.uuid4().hex


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the quick tests first, so that a mistake shows early."""
    items.sort(key=_tier)


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Caches and BentoML's home lie below pytest's own temporary folder, not in the user's home."""
    base = tmp_path_factory.getbasetemp()
    os.environ["MOORAGE_CACHE"] = str(base / "cache")
    os.environ["BENTOML_HOME"] = str(base / "bentoml")


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left(own_folders: None) -> Iterator[None]:
    """Fail the session when a process that some test started outlives them all."""
    yield
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := left_processes(os.environ[MARK])) and time.monotonic() < deadline:
        time.sleep(0.1)
    if left:
        listed = "\n".join(f"  {pid}: {command}" for pid, command in sorted(left.items()))
        pytest.fail(f"tests left these processes behind:\n{listed}", pytrace=False)


def _tier(item: pytest.Item) -> tuple[bool, int]:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    tier = TIERS.index(folder) if folder in TIERS else len(TIERS)
    return item.get_closest_marker("slow") is not None, tier
