"""A workshop for each test."""

from pathlib import Path

import pytest

from tests.unit.engine.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A place with a `go`, and nothing built."""
    return Workshop.make(tmp_path)
