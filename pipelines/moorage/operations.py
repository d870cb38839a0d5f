"""What a platform may bring for whoever makes environments on it: checks before Pulumi starts, and a look afterwards.

An adapter's package names the object in the entry point group `moorage.operations`; without one, `moorage env` does
what it can do for every platform.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from moorage.frozen import Frozen

Settings = Mapping[str, Any]
"""What a stack's file says of its environment, as it is written there."""


class Finding(Frozen):
    """What a check found: whether all is well, what was seen, and what to do about it."""

    ok: bool
    seen: str
    fix: str = ""


class Check(Frozen):
    """A named question that is answered before anything is made; the call may raise any MoorageError.

    One that `needs` another is not asked where that one failed.
    """

    name: str
    ask: Callable[[], Finding]
    needs: str | None = None


class Declared(Frozen):
    """One resource of a stack: `type` is Pulumi's token, `id` the provider's, empty where there is none yet."""

    urn: str
    type: str
    id: str
    inputs: Mapping[str, Any]


class Undeclared(Frozen):
    """An object that no stack declares: its kind and name as the platform writes them, and what it means."""

    name: str
    means: str


@runtime_checkable
class Operations(Protocol):
    """One platform, for whoever makes environments on it; importing it loads no SDK."""

    @property
    def sdk(self) -> str:
        """The module of the SDK with which Pulumi's program makes this platform; empty when it needs none."""
        ...

    def checks(self, settings: Settings, environment: str) -> Sequence[Check]:
        """Return what is asked before Pulumi makes the environment of that name.

        Raises TargetError when the settings do not say enough.
        """
        ...

    def find(self, settings: Settings, resource: Declared) -> str | None:
        """Return the id of what a creation that was cut off has left, None where it has left nothing.

        Raises Unsupported for a type that cannot be looked for.
        """
        ...

    def undeclared(
        self, settings: Settings, own: Sequence[Declared], others: Sequence[Declared] = ()
    ) -> Iterable[Undeclared]:
        """Yield what is in the environment that neither its stack nor `others` declare, and moorage did not make."""
        ...
