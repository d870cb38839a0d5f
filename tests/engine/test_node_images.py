"""Images of a node are folders with programs, or this machine; what is no known image cannot be pulled."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.pods import becomes, create, says, shell, spec, waiting
from tests.rigs.kubernetes.api import Client
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes.node.running import RunningNode
from tests.rigs.kubernetes.node.settings import Image
from tests.rigs.kubernetes.plane import Plane

pytestmark = [pytest.mark.engine("Kubernetes"), pytest.mark.slow]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file system with a shell and what that needs, and nothing else."""
    made = tmp_path_factory.mktemp("root")
    needed = subprocess.run(["ldd", "/bin/sh"], capture_output=True, text=True, check=True).stdout
    for file in ["/bin/sh", *re.findall(r"(/\S+)", needed)]:
        place = made / file.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    return made


@pytest.fixture(scope="module", autouse=True)
def node(plane: Plane, root: Path) -> Iterator[RunningNode]:
    own = Image(pattern="own/*", root=str(root), entrypoint=("/bin/sh", "-c"), environment={"SAID": "by the image"})
    with join(plane, "worker", images=(own, Image(pattern="machine"))) as node:
        yield node


def test_a_container_that_says_nothing_runs_what_its_image_says(client: Client, namespace: str, node: RunningNode):
    if node.isolation != "namespaces":
        pytest.skip("this machine allows no mounts: containers see its own files")
    main = {"name": "main", "image": "own/image:1", "args": ["echo $SAID; echo /*"]}
    said, files = says(client, namespace, spec(main)).splitlines()
    assert said == "by the image"
    assert "/home" not in files.split()


def test_images_may_be_this_machine(client: Client, namespace: str):
    assert says(client, namespace, spec(shell("echo here") | {"image": "machine"})) == "here\n"


def test_an_image_that_is_not_known_cannot_be_pulled(client: Client, namespace: str):
    create(client, namespace, spec(shell("echo never") | {"image": "unknown:1"}))
    becomes(client, namespace, lambda status: waiting(status) == "ImagePullBackOff")
