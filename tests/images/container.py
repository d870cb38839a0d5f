"""One container, as a platform starts it: unpacked by umoci, run by runc, with nothing that a step does not need."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 120
"""How long a container may take before the test fails; never how long it takes."""


def unpack(layout: Path, tag: str, bundle: Path) -> Path:
    """Unpack an image of an OCI layout, and return its root file system."""
    subprocess.run(["umoci", "unpack", "--image", f"{layout}:{tag}", str(bundle)], check=True, capture_output=True)
    return bundle / "rootfs"


def run(bundle: Path, environ: Mapping[str, str], mounted: Path, name: str) -> "subprocess.CompletedProcess[str]":
    """Run the image's own command as its own user: root file system read-only, no network, `mounted` where it is here.

    Only /tmp, in memory, and `mounted` can be written.
    """
    path = bundle / "config.json"
    path.write_text(json.dumps(_confined(json.loads(path.read_text()), environ, mounted)))
    command = ["runc", "--root", str(bundle / "state"), "run", "--bundle", str(bundle), name]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, stdin=subprocess.DEVNULL)


def _confined(spec: dict[str, Any], environ: Mapping[str, str], mounted: Path) -> dict[str, Any]:
    bind = {"destination": str(mounted), "source": str(mounted), "type": "bind", "options": ["rbind", "rw"]}
    memory = {"destination": "/tmp", "source": "tmpfs", "type": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]}
    process = {
        **spec["process"],
        "terminal": False,
        "env": [*spec["process"]["env"], *(f"{name}={value}" for name, value in environ.items())],
        "capabilities": {},
        "noNewPrivileges": True,
    }
    return {
        **spec,
        "process": process,
        "root": {"path": "rootfs", "readonly": True},
        "mounts": [*spec["mounts"], memory, bind],
        "linux": {
            **spec["linux"],
            "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")],
        },
    }


def give(folder: Path, user: int) -> None:
    """Let `user` write all of `folder`."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user)
