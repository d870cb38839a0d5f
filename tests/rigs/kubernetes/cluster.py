"""One cluster per test process: a control plane, a node that runs pods, and a store that both sides reach."""

import os
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import moorage
from moorage.store import Store, open_store
from tests.engine.tools import tools
from tests.rigs.bucket import CREDENTIALS, bucket_server, make_bucket, variables_of
from tests.rigs.kubernetes.node.joining import join
from tests.rigs.kubernetes.plane import Plane, control_plane

CPU, MEMORY_GIB = 8, 16


SCRATCH = "/tmp/"
"""Where a step's pod has a volume, in place of what this machine has there."""


def hidden() -> tuple[str, ...]:
    """Return what steps need of this machine and would not see: a checkout, or its environment, below `SCRATCH`."""
    code = Path(moorage.__file__).parents[2]
    needed = dict.fromkeys((str(code), sys.prefix, sys.base_prefix))
    return tuple(each for each in needed if each.startswith(SCRATCH))


class Cluster:
    """Started when it is first asked for; gone when it is closed."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    @cached_property
    def plane(self) -> Plane:
        """The control plane, with one node and a store."""
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="cluster-")))
        plane = self._stack.enter_context(control_plane(tools(), folder))
        self.node = self._stack.enter_context(
            join(plane, "worker", cpu=str(CPU), memory=f"{MEMORY_GIB}Gi", shared=hidden())
        )
        return plane

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """What leads a step to the store, but for the credentials."""
        return variables_of(self._stack.enter_context(bucket_server()))

    @property
    def credentials(self) -> Mapping[str, str]:
        """What opens the store: the content of a secret."""
        return CREDENTIALS

    def make_store(self) -> Store:
        """Return a new and empty store."""
        bucket = f"b-{uuid.uuid4().hex}"
        make_bucket(self.variables["AWS_ENDPOINT_URL"].removeprefix("http://"), bucket)
        with self.environment():
            return open_store(f"s3://{bucket}/moorage")

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Let this process reach the store as steps do."""
        with patch.dict(os.environ, {**self.variables, **self.credentials}):
            yield

    def make_namespace(self) -> str:
        """Return a new namespace for restricted pods, in which `store` is the secret that opens the store."""
        name = self.plane.make_namespace(f"t-{uuid.uuid4().hex[:12]}")
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.plane.client().merge(f"/api/v1/namespaces/{name}", {"metadata": {"labels": labels}})
        body = {"metadata": {"name": "store"}, "stringData": dict(self.credentials)}
        self.plane.client().create(f"/api/v1/namespaces/{name}/secrets", body)
        return name

    def close(self) -> None:
        """End all of it."""
        for name in ("plane", "variables"):
            vars(self).pop(name, None)
        self._stack.close()


CLUSTER = Cluster()
"""The one of this process."""
