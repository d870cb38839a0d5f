"""Each test gets a store of its own."""

from pathlib import Path

import pytest

from tests.unit.step.jobs import Workplace


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)
