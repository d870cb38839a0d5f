"""What `launch.py` is asked to run for a container: its words, variables, user, and the file system it sees."""

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.leftovers import MARK
from tests.rigs.kubernetes.node.cell import Cell
from tests.rigs.kubernetes.node.environment import command, variables
from tests.rigs.kubernetes.node.hosts import own_lines
from tests.rigs.kubernetes.node.settings import Image
from tests.rigs.kubernetes.node.users import user_of
from tests.rigs.kubernetes.node.volumes import Mount, instead, mounts

Named = Mapping[str, Any]
PROGRAMS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TERMINATION_LOG = "/dev/termination-log"


def prepared(cell: Cell, container: Named, image: Image, message: Path) -> dict[str, Any]:
    """Return it; `Missing` where something that it refers to is not there."""
    user = user_of(cell.pod, container, image)
    known = variables(cell.pod, container, cell.place, cell.node.sources, _services(cell))
    seen = [*mounts(container, cell.volumes, known), *(Mount(each, each) for each in cell.node.settings.shared)]
    run = command(container, image, known, _base(cell, container["name"], user.user))
    plain = cell.node.isolation != "namespaces"
    seen.append(Mount(str(message), container.get("terminationMessagePath", TERMINATION_LOG)))
    if not plain:
        seen.append(Mount(str(_hosts(cell)), "/etc/hosts"))
    security = container.get("securityContext") or {}
    return {
        "isolation": cell.node.isolation,
        "argv": [instead(word, seen) if plain else word for word in run.argv],
        "environment": {name: instead(text, seen) if plain else text for name, text in run.environment.items()},
        "folder": instead(run.folder, seen) if plain else run.folder,
        "hostname": cell.hostname,
        "address": cell.address,
        "own_ports": not cell.pod["spec"].get("hostNetwork", False),
        "root": image.root,
        "mounts": [asdict(mount) for mount in seen],
        "read_only_root": security.get("readOnlyRootFilesystem", False),
        "open": [os.path.dirname(sys.executable), sys.base_prefix] if user.user and image.root == "/" else [],
        **asdict(user),
    }


def _services(cell: Cell) -> dict[str, str]:
    access = cell.node.api.access
    return {
        "KUBERNETES_SERVICE_HOST": access.host,
        "KUBERNETES_SERVICE_PORT": str(access.port),
        "KUBERNETES_SERVICE_PORT_HTTPS": str(access.port),
        "KUBERNETES_PORT": f"tcp://{access.host}:{access.port}",
    }


def _base(cell: Cell, container: str, user: int) -> dict[str, str]:
    # The mark of the test session goes along, so that a container that outlives its tests is found.
    kept = {MARK: os.environ[MARK]} if MARK in os.environ else {}
    if gpus := cell.devices.get(container):
        kept["NVIDIA_VISIBLE_DEVICES"] = ",".join(gpus)
    return {
        "PATH": f"{os.path.dirname(sys.executable)}:{PROGRAMS}",
        "HOME": "/root" if user == 0 else "/",
        "HOSTNAME": cell.hostname,
        **kept,
    }


def _hosts(cell: Cell) -> Path:
    file = cell.folder / "hosts"
    cell.node.names.keep(file, own_lines(cell.pod, cell.hostname, cell.address), cell.pod["metadata"]["namespace"])
    return file
