"""A rig of this machine for tests that go below what all platforms share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rigs.local import LocalRig, LocalSpawnRig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LocalRig]:
    """This machine, in a folder of its own."""
    found = LocalRig(tmp_path)
    yield found
    found.close()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[LocalRig]:
    """The same, where no template can be: each job is a child of who submitted it."""
    found = LocalSpawnRig(tmp_path)
    yield found
    found.close()
