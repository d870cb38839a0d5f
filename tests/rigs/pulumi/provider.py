"""The small base of all provider stand-ins: what the engine asks, in plain Python, and what a provider answers."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tests.rigs.pulumi.values import Properties


class ProviderError(Exception):
    """The operation did not happen, and the text says why, to who runs the program."""


@dataclass
class PartlyDone(Exception):
    """The object is there, but something about it is not as wanted; the next update tries again."""

    id: str
    state: Properties
    reasons: tuple[str, ...]
    inputs: Properties | None = None

    def __str__(self) -> str:
        return self.reasons[0]


class Change(Enum):
    """What happens to one property."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True)
class Resource:
    """Which resource is meant: `name` is the one in the program."""

    urn: str
    type: str
    name: str


@dataclass(frozen=True)
class Checked:
    """The inputs as they will be kept, and the reason of each refusal by its property (the empty one is the whole)."""

    inputs: Properties
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Diff:
    """What differs, by path (`spec.replicas`, `spec.ports[0].port`), and which of it needs a new object.

    `delete_first` says that the new object cannot be beside the old one.
    """

    changes: Mapping[str, Change] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()
    delete_first: bool = False


@dataclass(frozen=True)
class Request:
    """How an operation is to be done: in a preview nothing changes; `timeout_seconds` is the program's own, or 0."""

    preview: bool = False
    timeout_seconds: float = 0


@dataclass(frozen=True)
class Found:
    """What is there: its state, and the inputs that would make it."""

    id: str
    state: Properties
    inputs: Properties


class Provider(ABC):
    """What stands in for one provider plugin: `package` and `version` are those of the real one.

    Every operation may raise ProviderError. The state is what `create`, `update` and `read` return and get back later.
    """

    package: str
    version: str

    def __init__(self) -> None:
        self.cancelled = threading.Event()

    def check_config(self, news: Properties) -> Checked:
        """Look at the provider's own settings."""
        return Checked(news)

    def diff_config(self, olds: Properties, news: Properties) -> Diff:
        """Say what new settings mean; what `replaces` the provider replaces all that it made."""
        return Diff({name: Change.UPDATE for name in {*olds, *news} if olds.get(name) != news.get(name)})

    @abstractmethod
    def configure(self, settings: Properties) -> None:
        """Take the settings; comes before any operation."""

    def invoke(self, token: str, arguments: Properties) -> Properties:
        """Call a function."""
        raise ProviderError(f"this stand-in for {self.package} has no function {token}")

    @abstractmethod
    def check(self, resource: Resource, olds: Properties, news: Properties, seed: bytes) -> Checked:
        """Fill in what the program left out, names above all, and refuse what is wrong."""

    @abstractmethod
    def diff(self, resource: Resource, state: Properties, olds: Properties, news: Properties) -> Diff:
        """Say what would change between the last inputs or the state, and new inputs."""

    @abstractmethod
    def create(self, resource: Resource, inputs: Properties, request: Request) -> tuple[str, Properties]:
        """Make it and return its id and state. May raise PartlyDone."""

    @abstractmethod
    def read(self, resource: Resource, id: str, state: Properties, inputs: Properties) -> Found | None:
        """Look at it; `inputs` is empty when it is imported. None when it is not there. May raise PartlyDone."""

    @abstractmethod
    def update(self, resource: Resource, state: Properties, news: Properties, request: Request) -> Properties:
        """Change it in place and return its state. May raise PartlyDone."""

    @abstractmethod
    def delete(self, resource: Resource, id: str, state: Properties, request: Request) -> None:
        """Remove it, and return when it is gone; what is gone already is no error."""
