"""What the fault tests share: a real S3 server with a line to it that can fail, and a folder as small as one likes."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.store.conftest import bucket, proxy, s3_server

__all__ = ["bucket", "proxy", "s3_server", "small_disk"]

SMALL_DISK_KIB = 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB; skips where this process may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_KIB}k,mode=0700", "none", folder], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small file system; test_disk_full.py has a form without one")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
