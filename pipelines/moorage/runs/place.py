"""Where runs are driven: an environment, its store and its platform, reached only when needed."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from moorage.environments import Environment, load_environment, target_of
from moorage.ports import Adapter, Connection, Target
from moorage.project import find_root
from moorage.registry import adapter
from moorage.store import Store, open_store


@dataclass(frozen=True)
class Place:
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

    @property
    def poll(self) -> timedelta:
        """How often to look for commands: asking a folder is free, asking a bucket is a request."""
        return timedelta(seconds=1 if self.store.root else 15)


def open_place(environment: str = "local", project: Path | None = None) -> Place:
    """Return the environment of that name, for the project of `project` (else of the current folder).

    Raises SpecError when there is no such environment, TargetError when it cannot be used.
    """
    root = find_root(project or Path.cwd())
    found = load_environment(environment, root)
    return Place(root, found, open_store(found.store), adapter(found.platform), target_of(found))
