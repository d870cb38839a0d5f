"""A rig of this machine for tests that go below what all platforms share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rigs.local import LocalRig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LocalRig]:
    """This machine, in a folder of its own."""
    found = LocalRig(tmp_path)
    yield found
    found.close()
