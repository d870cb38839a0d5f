"""Where runs are driven: an environment, its store and its platform, reached only when needed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from moorage.environments import Environment, load_environment, target_of
from moorage.frozen import Frozen
from moorage.ports import Adapter, Connection, Target
from moorage.project import find_root
from moorage.registry import adapter
from moorage.store import Store, open_store


class Place(Frozen):
    """An environment as seen from this machine."""

    project: Path
    environment: Environment
    store: Store
    adapter: Adapter
    target: Target

    @cached_property
    def connection(self) -> Connection:
        """The platform, reached; loads its SDK."""
        return self.adapter.connect(self.target)

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Let go of the platform at the end, if it was reached: a run that finds all in the cache never does."""
        try:
            yield
        finally:
            if "connection" in vars(self):
                self.connection.close()

    @property
    def poll(self) -> timedelta:
        """How often to look for commands: asking a folder is free, asking a bucket is a request."""
        return timedelta(seconds=1 if self.store.root else 15)


def host_name() -> str:
    """Return the name of this machine."""
    return os.uname().nodename  # as socket.gethostname() says, without importing sockets


def open_place(environment: str = "local", project: Path | None = None) -> Place:
    """Return the environment of that name, for the project of `project` (else of the current folder).

    Raises SpecError when there is no such environment, TargetError when it cannot be used.
    """
    root = find_root(project or Path.cwd())
    found = load_environment(environment, root)
    return Place(root, found, open_store(found.store), adapter(found.platform), target_of(found))
