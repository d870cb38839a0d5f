"""The mark `containers`: what builds and runs images for real; skipped at home where that is not there, never in CI."""

import os
import shutil

import pytest

TOOLS = ("buildah", "runc", "umoci")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail before any image is made in vain."""
    if item.get_closest_marker("containers") is None or not (reason := _missing()):
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI is set, and {reason}", pytrace=False)
    pytest.skip(reason)


def _missing() -> str:
    missing = [name for name in TOOLS if shutil.which(name) is None]
    if missing:
        return f"there is no {', '.join(missing)} here"
    return "" if os.geteuid() == 0 else "runc and buildah's chroot isolation want root here"
