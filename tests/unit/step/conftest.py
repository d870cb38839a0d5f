"""Each test gets a store and a code archive of its own, and no process is left behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.step.jobs import Workplace


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    yield Workplace(tmp_path)
