"""Fixtures that tests of contracts share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a hypothesis test: ten thousand of their own would take longer than the test."""
    return tmp_path_factory.mktemp("examples")
